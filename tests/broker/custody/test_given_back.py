"""What is left after a disconnection and a deletion: nothing here, and no debt to the provider that is forgotten."""

import time
from collections.abc import AsyncIterator

import httpx2
import jwt
import pytest
import redis
from aiohttp import web

from broker.custody import Custody
from broker.custody.disconnect import PAUSES
from broker.providers.configured import Catalogue
from broker.providers.upstream import Upstream
from tests.broker.custody.accounts import add_account, open_store
from tests.broker.custody.conftest import Holder, MakeHolder, sign_in
from tests.broker.custody.test_disconnect import family_of, revoked_at
from tests.conftest import HTTPS_REDIRECT
from tests.journeys.canaries import content
from tests.phone import Phone
from tests.provider_stub import ProviderStub
from tests.running import LOCAL, RunningBroker
from tests.webhook_receiver import until

DAY = 86_400
LOGS = {
    "gone",
    "session",
    "sessions",
    "events",
    "outbox",
    "outboxes",
    "flows",
}  # who was here stays known for a while, in these alone


@pytest.fixture
async def custody(broker: RunningBroker, valkey: str) -> AsyncIterator[Custody]:
    """The broker's custody in another process: this one."""
    room = Custody(open_store(valkey), Catalogue(broker.issuer), Upstream(development=True))
    yield room
    await room.upstream.close()
    await room.store.redis.aclose()


def events(holder: Holder, event_type: str) -> list[dict[str, object]]:
    """Of one type, once the leader has written them."""
    query = f"/v1/events?user_id={holder.user_id}&type={event_type}"
    until(lambda: bool(holder.broker.admin("GET", query).json()))
    return [{**each["data"], "actor": each["actor"]} for each in holder.broker.admin("GET", query).json()]


def owed(valkey: str) -> set[bytes]:
    with redis.Redis.from_url(valkey) as state:
        return set(state.zrange("revocations", 0, -1))


def kinds_that_name(valkey: str, user_id: str) -> set[str]:
    """Which kinds of key still know of a user."""
    with redis.Redis.from_url(valkey) as state:
        return {
            key.partition(b":")[0].decode()
            for key in state.scan_iter("*", count=1000)
            if user_id.encode() in key or any(user_id.encode() in part for part in content(state, key))
        }


@pytest.mark.parametrize("second_goes", [True, False], ids=["the second", "the first"])
def test_tv_11_one_of_two_accounts(
    make_holder: MakeHolder,
    provider: ProviderStub,
    broker: RunningBroker,
    valkey: str,
    second_goes: bool,
):
    """TV-11: the account that goes takes its own tokens with it: the provider gets that refresh token, the record is
    gone, the other account is served, and who signs in with the identity from now on is somebody new."""
    holder = make_holder()
    first_subject, first = f"holder-{holder.provider}", holder.account()["id"]
    second = add_account(valkey, provider, holder.user_id, holder.provider, "second-self")
    going, subject = (second, "second-self") if second_goes else (first, first_subject)
    current = {each.subject: each.current for each in provider.families.values()}
    answer = broker.admin("DELETE", f"{holder.path}/external_accounts/{going}")
    assert (answer.status_code, answer.json()["revocation"]) == (200, "revoked")
    assert revoked_at(provider) == [current[subject]]
    assert holder.token()["external_account_id"] == (first if second_goes else second)
    with redis.Redis.from_url(valkey) as state:
        fields = state.hkeys(f"grant:{{{holder.user_id}}}:{holder.provider}")
    assert not [field for field in fields if field.startswith(going.encode())]
    (event,) = events(holder, "connection.revoked")
    about = {"provider": holder.provider, "external_account_id": going, "reason": "disconnected"}
    assert event == {**about, "actor": "env:1"}
    provider.subject = subject
    assert sign_in(broker, holder.provider) != holder.user_id
    last = broker.admin("DELETE", f"{holder.path}/external_accounts/{first if second_goes else second}")
    assert last.json()["errors"][0]["code"] == "last_required_identification_deletion_failed"


def test_tv_11_a_deleted_user_is_gone(
    make_holder: MakeHolder, provider: ProviderStub, broker: RunningBroker, valkey: str
):
    """TV-11: after a deletion no session works, no record names the user but the logs, and what happened is told."""
    holder = make_holder()
    provider.subject = f"holder-{holder.provider}"
    with httpx2.Client(follow_redirects=False, **LOCAL) as browser:
        phone = Phone(broker, "default", HTTPS_REDIRECT, browser=browser, provider=holder.provider)
        tokens, unspent = phone.sign_in(), phone.land()["code"]
        refresh_token = list(provider.families)[-1]
        erased = broker.admin("DELETE", holder.path)
        assert [each["revocation"] for each in erased.json()["revocations"]] == ["revoked"]
        assert refresh_token in revoked_at(provider)
        assert phone.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
        assert phone.userinfo(tokens["access_token"]).status_code == 401
        assert phone.exchange(unspent).status_code == 400
    session = jwt.decode(tokens["access_token"], options={"verify_signature": False})["sid"]
    ended = events(holder, "session.revoked")
    assert {(each["reason"], each["actor"]) for each in ended} == {("user_deleted", "env:1")}
    assert session in {each["session_id"] for each in ended}
    assert events(holder, "user.deleted") == [{"actor": "env:1"}]
    assert kinds_that_name(valkey, holder.user_id) - {"code"} <= LOGS
    assert broker.admin("DELETE", holder.path).status_code == 404


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["", "/external_accounts/{}/tokens"], ids=["user", "tokens"])
async def test_tv_11_a_debt_is_paid_later(
    make_holder: MakeHolder,
    provider: ProviderStub,
    broker: RunningBroker,
    valkey: str,
    custody: Custody,
    path: str,
):
    """TV-11: what a provider that was down did not take is offered again, by any process, until it does; the record is
    erased all the while, and the debt holds the token sealed."""
    holder, before = make_holder(), owed(valkey)
    refresh_token = family_of(holder, provider)
    provider.answers["/revoke"] = lambda: web.Response(status=503)
    answer = broker.admin("DELETE", holder.path + path.format(holder.account()["id"]))
    assert answer.status_code == 200
    assert '"revocation":"pending"' in answer.text
    assert holder.ask().status_code in {404, 422}
    (debt,) = owed(valkey) - before
    with redis.Redis.from_url(valkey) as state:
        sealed = state.get(b"revocation:{%b}" % debt) or b""
        assert b"canary" not in sealed
        assert state.zscore("revocations", debt) == pytest.approx(time.time() + PAUSES[0], abs=5)
        await custody.retry_revocations(int(time.time()) + DAY)
        assert state.zscore("revocations", debt) == pytest.approx(time.time() + PAUSES[1], abs=5)
    assert revoked_at(provider).count(refresh_token) == 2
    provider.answers.clear()
    await custody.retry_revocations(int(time.time()) + DAY)
    assert revoked_at(provider).count(refresh_token) == 3
    assert not provider.families[refresh_token].alive
    assert debt not in owed(valkey)


@pytest.mark.anyio
async def test_tv_11_a_debt_ends(
    make_holder: MakeHolder, provider: ProviderStub, broker: RunningBroker, valkey: str, custody: Custody
):
    """TV-11: a provider that never takes its token is asked for days and then no more, and the token is erased."""
    holder, before = make_holder(), owed(valkey)
    refresh_token = family_of(holder, provider)
    provider.answers["/revoke"] = lambda: web.Response(status=500)
    broker.admin("DELETE", holder.path)
    (debt,) = owed(valkey) - before
    for _ in PAUSES:
        assert debt in owed(valkey)
        await custody.retry_revocations(int(time.time()) + DAY)
    assert debt not in owed(valkey)
    assert revoked_at(provider).count(refresh_token) == len(PAUSES) + 1
    with redis.Redis.from_url(valkey) as state:
        assert not state.exists(b"revocation:{%b}" % debt)


@pytest.mark.anyio
async def test_tv_02_a_debt_that_does_not_open_holds_up_no_other(
    make_holder: MakeHolder, provider: ProviderStub, broker: RunningBroker, valkey: str, custody: Custody
):
    """TV-02: of several debts one whose seal is broken is left as it is, and the others are paid."""
    holders, before = (make_holder(), make_holder()), owed(valkey)
    provider.answers["/revoke"] = lambda: web.Response(status=503)
    for holder in holders:
        broker.admin("DELETE", holder.path)
    broken, good = owed(valkey) - before
    with redis.Redis.from_url(valkey) as state:
        state.set(b"revocation:{%b}" % broken, b"\x01\x04testcut")
        provider.answers.clear()
        await custody.retry_revocations(int(time.time()) + DAY)
        assert good not in owed(valkey)
        assert state.get(b"revocation:{%b}" % broken) == b"\x01\x04testcut"
        state.zrem("revocations", broken)
