"""Every provider's answers in the shape that its documentation shows: who came, what was granted, how it says no.

`tests/vectors/profiles/<id>.json` holds them; they were written down apart from the catalogue's own samples, by which
the simulator speaks.
"""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from broker.core.identity import Identity
from broker.providers import CATALOGUE
from broker.providers.errors import GrantRefused
from broker.providers.token_answer import Answer, read_refresh, read_tokens, said_of

VECTORS = Path(__file__).parents[2] / "vectors/profiles"
RECORDED: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text()) for path in sorted(VECTORS.glob("*.json"))
}
EVERY_PROVIDER = pytest.mark.parametrize("provider_id", RECORDED)


def test_every_provider_is_recorded():
    """Each provider of the catalogue has its answers recorded, with the page that shows them."""
    assert set(RECORDED) == set(CATALOGUE)
    assert all(each["source"].startswith("https://") for each in RECORDED.values())


@EVERY_PROVIDER
def test_identity(provider_id: str):
    """Who came is read from the answers as the provider gives them, and nothing is read that they do not say."""
    recorded = RECORDED[provider_id]
    expected = msgspec.convert(recorded["identity"], Identity)
    assert CATALOGUE[provider_id].to_identity(recorded["claims"]) == expected


@EVERY_PROVIDER
def test_no_subject(provider_id: str):
    """A profile that says nothing is nobody's."""
    with pytest.raises((TypeError, ValueError, KeyError, AttributeError)):
        CATALOGUE[provider_id].to_identity({name: {} for name in RECORDED[provider_id]["claims"]})


@EVERY_PROVIDER
def test_token_answer(provider_id: str):
    """The token endpoint's answer gives an access token and the granted scopes."""
    recorded, read = RECORDED[provider_id], CATALOGUE[provider_id].read_answer
    tokens = read_tokens(read(recorded["token"]) if read else recorded["token"], 0)
    assert tokens.access_token
    assert tokens.scope == tuple(recorded["scope"])


REFUSED = [
    (provider_id, what) for provider_id, recorded in RECORDED.items() for what in recorded.get("refused", ())
]


@pytest.mark.parametrize(("provider_id", "what"), REFUSED)
def test_refusals(provider_id: str, what: str):
    """What was refused is told apart: a code, a refresh token, which condemns the grant, or us, which condemns nobody."""
    provider, said = CATALOGUE[provider_id], RECORDED[provider_id]["refused"][what]
    answer = Answer(said["status"], {}, json.dumps(said["body"]).encode())
    words = {
        "code": provider.errors.bad_code,
        "refresh_token": provider.errors.bad_refresh_token,
        "client": provider.errors.bad_client,
    }
    assert said_of(answer, provider.errors, words[what])
    if what == "refresh_token":
        with pytest.raises(GrantRefused):
            read_refresh(answer, 0, provider)
