"""Signing keys change while people are signed in: first announced, then used, and nobody notices."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jwt
import pytest

from broker.core.signing_keys import new_signing_keys
from tests.phone import Phone
from tests.running import RunningBroker, keys, running_broker

PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}


@dataclass(frozen=True)
class Stages:
    """Processes of one broker at the three stages of a rotation, on one Valkey."""

    before: RunningBroker
    announced: RunningBroker  # the new keys stand second
    changed: RunningBroker  # the new keys stand first


@pytest.fixture(scope="module")
def stages(valkey: str, broker: RunningBroker) -> Iterator[Stages]:
    old, new = keys()["BROKER_SIGNING_KEYS"], new_signing_keys()
    shared = {"ISSUER": broker.issuer}
    with (
        running_broker(valkey, SIGNING_KEYS=f"{old},{new}", **shared) as announced,
        running_broker(valkey, SIGNING_KEYS=f"{new},{old}", **shared) as changed,
    ):
        yield Stages(broker, announced, changed)


def published(running: RunningBroker) -> list[dict[str, Any]]:
    return list(running.get("/.well-known/jwks.json").json()["keys"])


def ids(running: RunningBroker) -> set[str]:
    return {key["kid"] for key in published(running)}


def key_of(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


def sign_in_at(phone: Phone, running: RunningBroker) -> dict[str, Any]:
    phone.broker = running
    return phone.sign_in()


def accepts(running: RunningBroker, access_token: str) -> bool:
    return running.get("/userinfo", headers={"authorization": f"Bearer {access_token}"}).status_code == 200


def test_jw_06_announced_before_use(phone: Phone, stages: Stages):
    """JW-06: new keys listed second are published beside the old ones, which go on signing."""
    assert ids(stages.before) < ids(stages.announced) == ids(stages.changed)
    assert len(ids(stages.announced)) == 4
    tokens = sign_in_at(phone, stages.announced)
    assert {key_of(tokens["access_token"]), key_of(tokens["id_token"])} == ids(stages.before)


def test_jw_06_listed_first_they_sign(phone: Phone, stages: Stages):
    """JW-06: listed first the new keys sign both kinds of token, and a process that only announces them already
    takes those tokens."""
    tokens = sign_in_at(phone, stages.changed)
    assert {key_of(tokens["access_token"]), key_of(tokens["id_token"])} == ids(stages.changed) - ids(
        stages.before
    )
    assert accepts(stages.announced, tokens["access_token"])


def test_jw_06_old_tokens_still_verify(phone: Phone, stages: Stages):
    """JW-06: a token of the old key is good after the change, its session is refreshed into the new key, and its ID
    token still names the session at sign-out."""
    tokens = sign_in_at(phone, stages.before)
    assert accepts(stages.changed, tokens["access_token"])
    phone.broker = stages.changed
    again = phone.refresh(tokens["refresh_token"]).json()
    assert key_of(again["access_token"]) not in ids(stages.before)
    assert stages.changed.get("/logout", params={"id_token_hint": tokens["id_token"]}).status_code == 200
    assert not accepts(stages.announced, again["access_token"])


def test_jw_06_an_unannounced_key_is_unknown(phone: Phone, stages: Stages):
    """JW-06: a process that was never told of the new keys refuses their tokens; so they are announced first."""
    tokens = sign_in_at(phone, stages.changed)
    assert not accepts(stages.before, tokens["access_token"])


def test_jw_06_no_private_member_is_published(stages: Stages):
    """JW-06: at no stage does the JWK Set show a member of a private key, and each key says what it is for."""
    for running in (stages.before, stages.announced, stages.changed):
        for key in published(running):
            assert not PRIVATE_MEMBERS & set(key)
            assert key["use"] == "sig"
            assert (key["kty"], key["alg"]) in {("EC", "ES256"), ("RSA", "RS256")}
