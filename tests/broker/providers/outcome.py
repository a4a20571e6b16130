"""How a sign-in that the provider spoiled must look: to the app, in Redis, and in the broker's own log."""

import json
from urllib.parse import parse_qs, urlsplit

import redis

from tests.phone import Landing, Phone
from tests.running import RunningBroker

GRANTED = (
    "identity",
    "user",
    "accounts",
    "grant",
    "code",
    "return",
    "session",
    "sessions",
    "proof",
    "arrived",
)
# What the chores of a broker move by themselves, whatever a test does.
CHORES = {b"leader", b"outboxes", b"events", b"ring", b"secret_key_uses"}
CONSTANT = "the provider's answer was refused"


def kept(broker: RunningBroker) -> set[bytes]:
    """The keys of everything that a finished sign-in leaves behind."""
    with redis.Redis.from_url(broker.redis_url) as memory:
        return {key for kind in GRANTED for key in memory.scan_iter(f"{kind}:*", count=1000)}


def everything(broker: RunningBroker) -> dict[bytes, bytes | None]:
    """Every key in Redis and what is in it."""
    with redis.Redis.from_url(broker.redis_url) as memory:
        return {key: memory.dump(key) for key in memory.scan_iter("*", count=1000) if key not in CHORES}


def assert_nothing_stored(broker: RunningBroker, before: dict[bytes, bytes | None]) -> None:
    """No key is new or other than before; what was there may have ended meanwhile. A challenge that was made for the try
    and not taken is gone in five minutes."""
    after = {key: value for key, value in everything(broker).items() if value is not None}
    stored = {k for k in after if before.get(k) != after[k] and not k.startswith(b"challenge:")}
    assert stored == set()


def assert_refused(
    landing: Landing, phone: Phone, error: str = "server_error", description: str = CONSTANT
) -> None:
    """The app is told in constant words, with its state and our name, and nothing else."""
    assert landing.parameters == {
        "error": error,
        "error_description": description,
        "state": phone.state,
        "iss": phone.broker.issuer,
    }


def assert_shown(answer: Landing, *forbidden: str) -> None:
    """A page or JSON with status 400, no way onward, and nothing of what came in."""
    assert answer.location is None
    response = answer.response
    assert response.status_code == 400
    assert not {"location", "refresh"} & {name.lower() for name in response.headers}
    assert "invalid_request" in response.text
    assert not [text for text in forbidden if text in response.text]


def reason(broker: RunningBroker, event: str = "sign_in_failed") -> str:
    """The detail of the newest such line in the broker's log."""
    lines = [json.loads(line) for line in broker.log().splitlines() if line.startswith("{")]
    return str([line for line in lines if line["event"] == event][-1]["detail"])


def query_of(url: str) -> dict[str, str]:
    """The parameters of a URL, each of which stands there once."""
    found = parse_qs(urlsplit(url).query, keep_blank_values=True, strict_parsing=True)
    return {name: value for name, (value,) in found.items()}
