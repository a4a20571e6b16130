"""Somebody who can write to Redis moves, changes and exchanges sealed tokens, and asks the broker for them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
import redis

from broker.core.encryption_keys import EncryptionKeys, new_encryption_key
from broker.store.grants import Ref
from broker.store.sealing import Sealer
from tests.broker.custody.accounts import add_account, open_store
from tests.broker.custody.conftest import Holder, MakeHolder, sign_in
from tests.conftest import HTTPS_REDIRECT, connect
from tests.phone import Phone
from tests.provider_stub import ProviderStub
from tests.running import LOCAL, RunningBroker

Fields = dict[bytes, bytes]


@dataclass
class Record:
    """A person's grant, as it lies in Redis."""

    holder: Holder
    state: "redis.Redis"

    @property
    def key(self) -> str:
        return f"grant:{{{self.holder.user_id}}}:{self.holder.provider}"

    @property
    def account(self) -> str:
        return str(self.holder.account()["id"])

    def fields(self) -> Fields:
        return dict(self.state.hgetall(self.key))

    def sealed(self, part: str = "") -> bytes:
        return self.state.hget(self.key, self.account + part) or b""

    def put(self, sealed: bytes, part: str = "") -> None:
        self.state.hset(self.key, self.account + part, sealed)


@pytest.fixture
def state(valkey: str) -> Iterator["redis.Redis"]:
    with redis.Redis.from_url(valkey) as client:
        yield client


def flipped(sealed: bytes, at: int) -> bytes:
    return sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]


def by_another_key(record: Record, key_id: str) -> bytes:
    """Well sealed, for the right name, by somebody else."""
    forger = Sealer(EncryptionKeys.parse(new_encryption_key(key_id)))
    return forger.seal(b"forged", f"{record.key}:{record.account}")


# In its version, the length and the name of the key (`test`), its nonce, the wrapped key, the nonce, the content, its tag.
PLACES = (0, 1, 2, 6, 18, 66, 78, -17, -1)
# What becomes of a sealed token.
ALTERATIONS: dict[str, Callable[[Record], bytes]] = {
    "empty": lambda _: b"",
    "one byte": lambda _: b"\x01",
    "cut": lambda record: record.sealed()[:-1],
    "longer": lambda record: record.sealed() + b"\0",
    "cut in its head": lambda record: record.sealed()[:30],
    "text": lambda _: b"at-forged",
    "unknown key": lambda record: by_another_key(record, "stranger"),
    "another key of that name": lambda record: by_another_key(record, "test"),
    "last byte": lambda record: flipped(record.sealed(), -1),
}


def check_refused(record: Record, provider: ProviderStub, query: str = "") -> None:
    """A clear 4xx; the record stays byte for byte, the provider is not asked, and log and audit log have it once."""
    broker, before, since = record.holder.broker, record.fields(), len(record.holder.broker.log())
    asked = len(provider.asked("/token"))
    problem = record.holder.problem(query)
    assert problem["code"] == "oauth_token_retrieval_error"
    assert (problem["meta"]["health"], problem["meta"]["reason"]) == ("needs_reconnect", "seal_broken")
    assert problem["meta"]["external_account_id"] == record.account
    record.holder.problem("?force_refresh=true&min_ttl=60")
    assert record.fields() == before
    assert len(provider.asked("/token")) == asked
    told = [line for line in broker.log()[since:].splitlines() if '"seal_broken"' in line]
    assert len(told) == 1
    assert record.account in told[0]
    (event,) = audit(record.holder)
    about = {"provider": record.holder.provider, "external_account_id": record.account}
    assert (event["actor"], event["data"]) == ("broker", about)


def audit(holder: Holder) -> list[dict[str, Any]]:
    query = f"?type=connection.seal_broken&user_id={holder.user_id}"
    return list(holder.broker.admin("GET", f"/v1/events{query}").json())


def check_mended(record: Record, provider: ProviderStub) -> None:
    """A sign-in of the person makes it good, and a refresh works."""
    provider.subject = f"holder-{record.holder.provider}"
    assert sign_in(record.holder.broker, record.holder.provider) == record.holder.user_id
    for query in ("", "?force_refresh=true"):
        token = record.holder.token(query)
        assert token["health"] == "fresh"
        assert provider.subject in token["token"]


@pytest.mark.parametrize("alter", ALTERATIONS.values(), ids=ALTERATIONS)
def test_tv_02_an_altered_token_is_refused(
    make_holder: MakeHolder, provider: ProviderStub, state: "redis.Redis", alter: Callable[[Record], bytes]
):
    """TV-02: a sealed token that is cut, empty, changed, or sealed by another key is refused, told, and not overwritten;
    the person's next sign-in mends it."""
    record = Record(make_holder(), state)
    record.put(alter(record))
    check_refused(record, provider)
    assert record.holder.account()["health_reason"] == "seal_broken"
    check_mended(record, provider)


def test_tv_02_no_part_can_be_changed(make_holder: MakeHolder, provider: ProviderStub, state: "redis.Redis"):
    """TV-02: one changed bit in any part of a sealed token is noticed, and stays as it is."""
    record = Record(make_holder(), state)
    sealed, asked = record.sealed(), len(provider.asked("/token"))
    for at in PLACES:
        record.put(flipped(sealed, at))
        assert record.holder.problem()["meta"]["reason"] == "seal_broken", at
        assert record.sealed() == flipped(sealed, at)
    assert len(provider.asked("/token")) == asked
    record.put(sealed)
    assert record.holder.token()["health"] == "fresh"


@pytest.mark.parametrize("rotates", [True, False])
@pytest.mark.parametrize("alter", [lambda _: b"", lambda record: flipped(record.sealed(":refresh"), -1)])
def test_tv_02_an_altered_refresh_token_is_refused(
    make_holder: MakeHolder,
    provider: ProviderStub,
    state: "redis.Redis",
    alter: Callable[[Record], bytes],
    rotates: bool,
):
    """TV-02: the same holds for the refresh token, when it is needed; until then the token that is good is served."""
    record = Record(make_holder(expires_in=0, rotates=rotates), state)
    record.put(alter(record), ":refresh")
    check_refused(record, provider)
    check_mended(record, provider)
    record.put(alter(record), ":refresh")
    assert record.holder.token()["health"] == "fresh"
    assert record.holder.token("?force_refresh=true")["health_reason"] == "seal_broken"


def swap(state: "redis.Redis", one: tuple[str, str], other: tuple[str, str]) -> None:
    values = state.hget(*one), state.hget(*other)
    state.hset(*one, values[1])
    state.hset(*other, values[0])


@pytest.mark.parametrize("part", ["", ":refresh"])
def test_tv_01_two_users_tokens_exchanged(
    make_holder: MakeHolder, provider: ProviderStub, state: "redis.Redis", broker: RunningBroker, part: str
):
    """TV-01: the tokens of two users at one provider, put in each other's place, are good for neither of them."""
    one = Record(make_holder(expires_in=0 if part else 3600), state)
    provider.subject = f"other-{one.holder.provider}"
    provider.token_fields = {"expires_in": 0 if part else 3600}
    other = Record(Holder(broker, one.holder.provider, sign_in(broker, one.holder.provider)), state)
    swap(state, (one.key, one.account + part), (other.key, other.account + part))
    for record in (one, other):
        check_refused(record, provider)
    provider.token_fields = {}
    check_mended(one, provider)


def test_tv_01_a_whole_record_in_anothers_name(
    make_holder: MakeHolder, provider: ProviderStub, state: "redis.Redis"
):
    """TV-01: the whole grant of one user, copied over another's, shows nothing of the first, whatever the accounts' ids."""
    victim, thief = Record(make_holder(), state), make_holder()
    own = f"grant:{{{thief.user_id}}}:{victim.holder.provider}"
    account = thief.account()["id"].encode()
    state.hset(own, mapping=victim.fields())
    state.hset(
        own,
        mapping={name.replace(victim.account.encode(), account): it for name, it in victim.fields().items()},
    )
    for query in ("", "?force_refresh=true"):
        answer = thief.ask(query, provider=victim.holder.provider)
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["meta"]["reason"] == "seal_broken"
        assert "at-canary" not in answer.text
    assert victim.holder.token()["health"] == "fresh"


@pytest.mark.parametrize("part", ["", ":refresh"])
@pytest.mark.parametrize("elsewhere", [False, True], ids=["one provider", "two providers"])
def test_tv_01_two_accounts_of_one_user_exchanged(
    make_holder: MakeHolder,
    provider: ProviderStub,
    state: "redis.Redis",
    valkey: str,
    elsewhere: bool,
    part: str,
):
    """TV-01: the tokens of a user's two accounts, at one provider or at two, are not good in each other's place."""
    first, another = make_holder(expires_in=0), make_holder()
    there = another.provider if elsewhere else first.provider
    second = add_account(valkey, provider, first.user_id, there, "second-self", expires_in=0)
    mine = first.broker.admin("GET", f"{first.path}/external_accounts").json()
    (account,) = (each["id"] for each in mine if each["id"] != second)
    places = (
        (f"grant:{{{first.user_id}}}:{first.provider}", account),
        (f"grant:{{{first.user_id}}}:{there}", second),
    )
    swap(state, *((key, each + part) for key, each in places))
    asked = len(provider.asked("/token"))
    for name in {first.provider, there}:
        answer = first.ask(provider=name)
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["meta"]["reason"] == "seal_broken"
    assert len(provider.asked("/token")) == asked
    assert {event["data"]["external_account_id"] for event in audit(first)} == {account, second}


def test_tv_01_the_refresh_token_is_no_access_token(
    make_holder: MakeHolder, provider: ProviderStub, state: "redis.Redis"
):
    """TV-01: a refresh token, put where the access token stands, is not handed out, and the other way round not sent."""
    record = Record(make_holder(expires_in=0), state)
    swap(state, (record.key, record.account), (record.key, f"{record.account}:refresh"))
    check_refused(record, provider)
    record.state.hdel(record.key, f"{record.account}:refresh")
    assert "rt-canary" not in record.holder.ask("?force_refresh=true").text


def test_one_broken_seal_costs_no_other_account(
    make_holder: MakeHolder, provider: ProviderStub, state, valkey: str
):
    """Of two accounts at one provider the one whose seal is broken is left out, and the other served."""
    record = Record(make_holder(), state)
    second = add_account(valkey, provider, record.holder.user_id, record.holder.provider, "second-self")
    state.hset(record.key, second, b"")
    assert f"holder-{record.holder.provider}" in record.holder.token()["token"]
    assert [event["data"]["external_account_id"] for event in audit(record.holder)] == [second]


def test_an_older_token_of_ones_own_is_served(
    make_holder: MakeHolder, provider: ProviderStub, state: "redis.Redis"
):
    """What seals do not prevent: who can write to Redis puts an older token of the same account back. It is that
    person's own, and a provider that rotates ends the grant when its old refresh token comes again."""
    record = Record(make_holder(rotates=True), state)
    older, version = (record.sealed(), record.sealed(":refresh")), record.sealed(":version")
    before = record.holder.token()["token"]
    assert record.holder.token("?force_refresh=true")["token"] != before
    record.put(older[0])
    record.put(older[1], ":refresh")
    assert record.sealed(":version") != version
    assert record.holder.token()["token"] == before
    assert record.holder.problem("?force_refresh=true")["meta"]["reason"] == "invalid_grant"
    check_mended(record, provider)


def test_tokens_put_back_after_they_were_revoked(
    make_holder: MakeHolder, provider: ProviderStub, state: "redis.Redis"
):
    """A token that was given back and is put into the record again is not served: the record says that it was revoked."""
    record = Record(make_holder(), state)
    sealed = record.sealed()
    record.holder.broker.admin("DELETE", f"{record.holder.path}/external_accounts/{record.account}/tokens")
    record.put(sealed)
    for query in ("", "?force_refresh=true"):
        assert record.holder.problem(query)["meta"]["health"] == "revoked"


def test_what_cannot_be_opened_can_be_erased(make_holder: MakeHolder, state: "redis.Redis"):
    """A broken seal keeps nobody from being deleted."""
    record = Record(make_holder(), state)
    record.put(b"")
    erased = record.holder.broker.admin("DELETE", record.holder.path)
    assert erased.status_code == 200
    assert record.fields() == {}


@pytest.mark.anyio
async def test_a_refresh_token_that_does_not_open_is_none(
    make_holder: MakeHolder, state: "redis.Redis", valkey: str
):
    """Where a provider gives a refresh token at a consent only, one that does not open is asked for anew."""
    record, store = Record(make_holder(), state), open_store(valkey)
    ref = Ref(record.holder.user_id, record.holder.provider, record.account)
    assert await store.grants.holds_refresh_token(ref)
    record.put(flipped(record.sealed(":refresh"), -1), ":refresh")
    assert not await store.grants.holds_refresh_token(ref)
    await store.redis.aclose()


def test_tv_02_a_damaged_configuration_is_unavailable(
    broker: RunningBroker, provider: ProviderStub, state: "redis.Redis"
):
    """TV-02: when a provider's sealed credentials were changed the broker answers 503 and signs nobody in."""
    since = len(broker.log())
    connect(broker, provider, "damaged")
    stored = state.get("provider:{damaged}") or b""
    at = stored.rindex(b'"')
    state.set("provider:{damaged}", stored[: at - 12] + b"AAAA" + stored[at - 8 :])
    with httpx2.Client(follow_redirects=False, **LOCAL) as browser:
        phone = Phone(broker, "default", HTTPS_REDIRECT, browser=browser, provider="damaged")
        assert phone.authorize().status_code == 503
    assert "SealBroken" in broker.log()[since:]
    state.delete("provider:{damaged}")
    state.zrem("providers", "damaged")
