"""POST /token with a refresh token. The time of grace and lifetimes is tested at the store, where it is an argument."""

import re

import httpx2
import pytest
import redis

from tests.phone import Phone
from tests.running import RunningBroker


def refused(answer: httpx2.Response, error: str = "invalid_grant", status: int = 400) -> None:
    assert (answer.status_code, answer.json()["error"]) == (status, error), answer.text


def test_rt_01_rotated_at_each_use(phone: Phone):
    """RT-01: every refresh gives a new token with 256 random bits, in the base64url alphabet."""
    first = phone.sign_in()["refresh_token"]
    second = phone.refresh(first).json()["refresh_token"]
    third = phone.refresh(second).json()["refresh_token"]
    assert len({first, second, third}) == 3
    assert all(
        re.fullmatch(r"rt_[0-9a-f]{24}_[0-9a-f]{24}_[A-Za-z0-9_-]{65}", each)
        for each in (first, second, third)
    )


def test_rt_01_only_fingerprints_are_kept(phone: Phone, valkey: str):
    """RT-01: neither the token nor its secret part stands anywhere in Redis."""
    token = phone.sign_in()["refresh_token"]
    with redis.Redis.from_url(valkey) as state:
        held = [value for key in state.scan_iter("session:*") for value in state.hgetall(key).values()]
    assert held
    assert not [value for value in held if token[53:].encode() in value]


def test_rt_02_reuse_ends_the_session(phone: Phone, broker: RunningBroker):
    """RT-02: an old token that comes back, when its successor was used, ends the session, and the log says so."""
    first = phone.sign_in()["refresh_token"]
    second = phone.refresh(first).json()["refresh_token"]
    third = phone.refresh(second).json()["refresh_token"]
    refused(phone.refresh(first))
    refused(phone.refresh(third))
    assert "refresh_token_reused" in broker.log()


def test_rt_02_an_invented_token_ends_nothing(phone: Phone):
    """RT-02: a token of the right shape and ids that the broker never made is refused, and the session lives."""
    token = phone.sign_in()["refresh_token"]
    refused(phone.refresh(token[:53] + "A" * 65))
    refused(phone.refresh(token[:-1] + ("A" if token[-1] != "A" else "B")))
    assert phone.refresh(token).status_code == 200


def test_rt_04_a_lost_answer_is_given_again(phone: Phone):
    """RT-04: repeated at once, a refresh gives the same successor; once that was used, the repeat is reuse."""
    first = phone.sign_in()["refresh_token"]
    second = phone.refresh(first).json()["refresh_token"]
    assert phone.refresh(first).json()["refresh_token"] == second
    phone.refresh(second)
    refused(phone.refresh(first))


def test_rt_04_only_to_the_same_client(phone: Phone, broker: RunningBroker):
    """RT-04: within the grace another client gets nothing."""
    first = phone.sign_in()["refresh_token"]
    phone.refresh(first)
    refused(phone.refresh(first, client_id=broker.make_client()["client_id"]))


def test_rt_05_bound_to_client_and_scope(phone: Phone, broker: RunningBroker):
    """RT-05: another client is refused, a larger scope too, and neither costs the owner the token."""
    token = phone.sign_in(scope="profile email")["refresh_token"]
    refused(phone.refresh(token, client_id=broker.make_client()["client_id"]))
    refused(phone.refresh(token, scope="profile openid"), "invalid_scope")
    assert phone.refresh(token).json()["scope"] == "profile email"


def test_rt_05_narrowed_for_one_token(phone: Phone):
    """RT-05: a smaller scope narrows the access token of this answer, not the session."""
    token = phone.sign_in(scope="profile email")["refresh_token"]
    narrowed = phone.refresh(token, scope="profile").json()
    assert narrowed["scope"] == "profile"
    assert "email" not in phone.userinfo(narrowed["access_token"]).json()
    assert phone.refresh(narrowed["refresh_token"]).json()["scope"] == "profile email"


def test_rt_06_a_confidential_client_authenticates(phone: Phone, broker: RunningBroker):
    """RT-06: a confidential client's refresh without its secret is refused and leaves the token as it was."""
    client = broker.make_client(type="confidential")
    broker.allow(phone.redirect_uri, client["client_id"])
    phone.client_id, phone.client_secret = client["client_id"], client["client_secret"]
    token = phone.sign_in()["refresh_token"]
    refused(phone.refresh(token, client_secret=None), "invalid_client", 401)
    assert phone.refresh(token).status_code == 200


@pytest.mark.parametrize("token", ["", "garbage", "rt_", "ac_" + "0" * 24 + "_" + "x" * 43])
def test_what_is_no_refresh_token(phone: Phone, token: str):
    """Something that cannot be a refresh token is refused by name or as invalid_grant."""
    refused(phone.refresh(token), "invalid_request" if not token else "invalid_grant")


def test_no_id_token_on_refresh(phone: Phone):
    """A refresh answers without an ID token, which AppAuth would hold against the first."""
    assert "id_token" not in phone.refresh(phone.sign_in()["refresh_token"]).json()
