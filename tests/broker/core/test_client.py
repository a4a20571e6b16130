"""How an app proves itself at the token endpoint and its siblings."""

from base64 import b64encode
from urllib.parse import quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.core.client import Client, PresentedCredentials, authenticate, presented_credentials
from broker.core.errors import ErrorCode, OAuthError
from broker.core.opaque import fingerprint
from broker.core.parameters import Parameters

bounded = settings(max_examples=60, deadline=None)

SECRET = "cs_right"
TIMES = {"created_at": 1, "updated_at": 1}
PUBLIC = Client(client_id="app", name="Public", **TIMES)
CONFIDENTIAL = Client(
    client_id="web", name="Web", type="confidential", secret_fingerprint=fingerprint(SECRET), **TIMES
)
LOST = Client(client_id="web", name="Without a secret", type="confidential", **TIMES)


def basic(text: str) -> str:
    return "Basic " + b64encode(text.encode()).decode()


def refusal(header: str | None, **form: str) -> ErrorCode:
    with pytest.raises(OAuthError) as error:
        presented_credentials(header, Parameters(form))
    return error.value.code


@pytest.mark.parametrize(
    ("header", "form", "expected"),
    [
        (None, {"client_id": "app"}, PresentedCredentials("app", None)),
        (None, {"client_id": "web", "client_secret": SECRET}, PresentedCredentials("web", SECRET)),
        (basic(f"web:{SECRET}"), {}, PresentedCredentials("web", SECRET)),
        (basic(f"web:{SECRET}"), {"client_id": "web"}, PresentedCredentials("web", SECRET)),
        (basic(f"web:{SECRET}").replace("Basic", "bAsIc"), {}, PresentedCredentials("web", SECRET)),
        (basic("web:a%3Ab+c"), {}, PresentedCredentials("web", "a:b c")),
        (basic("app:"), {}, PresentedCredentials("app", "")),
    ],
)
def test_tk_14_each_method_alone(header: str | None, form: dict[str, str], expected: PresentedCredentials):
    """TK-14: the id alone, the body, or the header name the client and its secret."""
    assert presented_credentials(header, Parameters(form)) == expected


def test_tk_14_never_two_methods():
    """TK-14: header and body together, or two ids that differ, are invalid_request, right or not."""
    header = basic(f"web:{SECRET}")
    assert refusal(header, client_secret=SECRET) is ErrorCode.INVALID_REQUEST
    assert refusal(header, client_secret="") is ErrorCode.INVALID_REQUEST
    assert refusal(header, client_id="app") is ErrorCode.INVALID_REQUEST
    assert refusal(None) is ErrorCode.INVALID_REQUEST


@pytest.mark.parametrize(
    "header", ["", "Basic", "Basic ", "Basic ###", "Bearer x", basic("nocolon"), "Basic /w==", "Digest x"]
)
def test_an_unreadable_header_is_invalid_client(header: str):
    """A header that cannot be read is invalid_client and nothing worse."""
    assert refusal(header, client_id="web") is ErrorCode.INVALID_CLIENT


@bounded
@given(st.text(min_size=1, max_size=40), st.text(max_size=40))
def test_any_secret_survives_the_header(client_id: str, secret: str):
    """Both halves come out of Basic as they went in, whatever colons and percent signs they hold."""
    header = basic(f"{quote_plus(client_id)}:{quote_plus(secret)}")
    assert presented_credentials(header, Parameters({})) == PresentedCredentials(client_id, secret)


@pytest.mark.parametrize(
    ("client", "secret", "proven"),
    [
        (PUBLIC, None, True),
        (PUBLIC, "", True),
        (PUBLIC, "anything", False),
        (CONFIDENTIAL, SECRET, True),
        (CONFIDENTIAL, None, False),
        (CONFIDENTIAL, "", False),
        (CONFIDENTIAL, "cs_wrong", False),
        (CONFIDENTIAL, fingerprint(SECRET), False),
        (LOST, None, False),
        (LOST, "", False),
        (None, None, False),
        (None, SECRET, False),
    ],
)
def test_tk_14_who_is_proven(client: Client | None, secret: str | None, proven: bool):
    """TK-14: a confidential client by its secret alone, a public one by none; a stored fingerprint opens nothing,
    and a confidential client that lost its secret cannot do without."""
    shown = PresentedCredentials("web", secret)
    if proven:
        assert authenticate(client, shown) is client
        return
    with pytest.raises(OAuthError, match="invalid_client: client authentication failed"):
        authenticate(client, shown)
