"""The parameters of one request: each at most once, strict UTF-8, bounded (RFC 6749 section 3.1)."""

from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl

from broker.core.errors import ErrorCode, OAuthError

MOST_PARAMETERS = 32
LONGEST_NAME = 64
LONGEST_VALUE = 2048
LONGEST = {
    "redirect_uri": 3 * 1024,  # the allowlist itself says no above 1024; longer than this is not worth a look
    "state": 512,
    "scope": 1024,
    "nonce": 255,
    "code": 4096,  # ours has 71 characters; Microsoft's, at the callback, over a thousand
    "refresh_token": 256,
    "subject_token": 8192,
    "challenge": 64,
    "authorization_code": 4096,
    "client_id": 64,
    "id_token_hint": 8192,
    "token": 8192,
    "error": 10_240,
    "error_description": 10_240,
    "user": 4096,
}


class Parameters(Mapping[str, str]):
    """A decoded query or form. A name that comes twice, in another case or with `[]` behind it, is refused whole:
    first-wins and last-wins are how two readers of one request come to differ."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    @classmethod
    def parse(cls, encoded: bytes) -> "Parameters":
        """Decode `application/x-www-form-urlencoded` bytes once. Raises OAuthError invalid_request."""
        try:
            pairs = parse_qsl(
                encoded.decode("ascii"),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=MOST_PARAMETERS,
            )
        except UnicodeDecodeError:
            raise refused("the parameters are not percent-encoded UTF-8") from None
        except ValueError:
            raise refused(f"more than {MOST_PARAMETERS} parameters") from None
        return cls(each_once(pairs))

    def required(self, name: str) -> str:
        """The value of `name`. Raises OAuthError invalid_request when it is missing or empty."""
        value = self._values.get(name)
        if not value:
            raise refused(f"{name} is missing")
        return value

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def each_once(pairs: list[tuple[str, str]]) -> dict[str, str]:
    values: dict[str, str] = {}
    seen: set[str] = set()
    for name, value in pairs:
        alike = name.casefold().removesuffix("[]")
        if alike in seen:
            raise refused(f"{printable(alike)} is given more than once")
        seen.add(alike)
        check_size(name, value)
        values[name] = value
    return values


def check_size(name: str, value: str) -> None:
    if len(name) > LONGEST_NAME:
        raise refused("a parameter's name is too long")
    most = LONGEST.get(name, LONGEST_VALUE)
    if len(value) > most or len(value.encode()) > most:
        raise refused(f"{printable(name)} is longer than {most} bytes")


def printable(name: str) -> str:
    """A name as it may be shown back: what a client could have meant, nothing it could smuggle."""
    return name if name.isascii() and name.replace("_", "").isalnum() else "a parameter"


def refused(description: str) -> OAuthError:
    return OAuthError(ErrorCode.INVALID_REQUEST, description)
