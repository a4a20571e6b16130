"""The providers' key sets: how seldom they are asked for, and what is kept when a provider is down."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import jwt
import pytest
from aiohttp import web

from broker.core.errors import OAuthError
from broker.providers import jwks
from broker.providers.errors import Unavailable
from broker.providers.jwks import KeySets, read_keys
from tests.broker.providers.conftest import AtStub
from tests.provider_stub import ProviderStub, answer_json

pytestmark = pytest.mark.anyio
Clock = Callable[[float], None]


@pytest.fixture
def wait(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Let seconds pass for the key sets alone."""
    clock = SimpleNamespace(now=10_000.0)
    monkeypatch.setattr(jwks, "time", SimpleNamespace(monotonic=lambda: clock.now))

    def pass_by(seconds: float) -> None:
        clock.now += seconds

    return pass_by


def new_key(stub: ProviderStub, key_id: str) -> None:
    """From now on the provider signs with a key by that name, and shows it beside the old ones."""
    stub.make_id_token = lambda claims: stub.sign(claims, headers={"kid": key_id})
    stub.keys = [*stub.keys, {**stub.public_jwk(), "kid": key_id}]


async def test_d_08_random_key_ids(at_stub: AtStub, wait: Clock):
    """D-08: Fifty tokens with random key ids ask for the keys once more in the next minute, and once a minute after."""
    stub = at_stub.stub
    await at_stub.sign_in()
    for expected in (1, 2, 3):
        stub.make_id_token = lambda claims: stub.sign(claims, headers={"kid": f"random-{claims['nonce']}"})
        results = await asyncio.gather(*(at_stub.sign_in() for _ in range(50)), return_exceptions=True)
        assert {getattr(result, "detail", None) for result in results} == {
            "the ID token names an unknown key"
        }
        assert len(stub.asked("/jwks")) == expected
        stub.make_id_token = stub.sign
        await at_stub.sign_in()
        wait(60)


async def test_d_08_one_fetch_for_many(at_stub: AtStub):
    """D-08: Fifty first sign-ins at once ask for the keys once."""
    await asyncio.gather(*(at_stub.sign_in() for _ in range(50)))
    assert len(at_stub.stub.asked("/jwks")) == 1


async def test_d_08_new_key(at_stub: AtStub, wait: Clock):
    """D-08: A key that the provider takes into use later is found, at the latest after a minute."""
    await at_stub.sign_in()
    new_key(at_stub.stub, "stub-2")
    wait(61)
    await at_stub.sign_in()
    assert len(at_stub.stub.asked("/jwks")) == 2


async def test_d_08_withdrawn_key(at_stub: AtStub, wait: Clock):
    """D-08: A key that the provider no longer shows is good for an hour at most."""
    await at_stub.sign_in()
    at_stub.stub.keys = [{**at_stub.stub.public_jwk(), "kid": "stub-2"}]
    wait(3601)
    with pytest.raises(OAuthError):
        await at_stub.sign_in()


BAD_SETS: dict[str, Callable[[], web.StreamResponse]] = {
    "down": answer_json({"error": "down"}, 503),
    "gone": answer_json({}, 404),
    "elsewhere": answer_json({}, 302, location="http://127.0.0.1:1/jwks"),
    "no JSON": lambda: web.Response(text="<html>"),
    "no UTF-8": lambda: web.Response(body=b'{"keys":"\xff"}'),
    "no set": answer_json([]),
    "empty": answer_json({"keys": []}),
    "no key in it": answer_json({"keys": [{"kty": "oct", "k": "AAAA", "kid": "stub-1"}, 7, None]}),
    "too many": answer_json({"keys": [{}] * 51}),
}


@pytest.mark.parametrize("state", BAD_SETS)
async def test_d_08_down(at_stub: AtStub, wait: Clock, state: str):
    """D-08: While the key set is down or broken, the keys of before verify; without any the sign-in fails."""
    honest = at_stub.stub.answers.copy()
    at_stub.stub.answers["/jwks"] = BAD_SETS[state]
    with pytest.raises(OAuthError):
        await at_stub.sign_in()
    at_stub.stub.answers = honest
    await at_stub.sign_in()
    at_stub.stub.answers = {"/jwks": BAD_SETS[state]}
    wait(7200)
    asked = len(at_stub.stub.asked("/jwks"))
    await at_stub.sign_in()
    assert len(at_stub.stub.asked("/jwks")) == asked + 1


async def test_d_12_waiters_share_a_failure():
    """D-12: A hundred who wait for a key set that does not come all learn so when the one request ends."""
    asked = []

    async def fail_slowly(url: str) -> Any:
        asked.append(url)
        await asyncio.sleep(0.05)
        raise Unavailable("down")

    sets = KeySets(fail_slowly)
    async with asyncio.timeout(2):
        results = await asyncio.gather(
            *(sets.get("https://x.example/jwks") for _ in range(100)), return_exceptions=True
        )
    assert all(isinstance(result, OAuthError) for result in results)
    assert len(asked) == 1


async def test_d_12_one_gives_up(at_stub: AtStub):
    """D-12: Somebody who stops waiting does not spoil the request for the others."""
    document = {"keys": at_stub.stub.keys}

    async def answer_slowly(_: str) -> Any:
        await asyncio.sleep(0.05)
        return document

    sets = KeySets(answer_slowly)
    waiting = [asyncio.create_task(sets.get("https://x.example/jwks")) for _ in range(3)]
    await asyncio.sleep(0.01)
    waiting[0].cancel()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert all("stub-1" in result for result in results[1:])


async def test_one_set_for_each_address():
    """The keys of one provider never serve another."""
    asked = []

    async def answer(url: str) -> Any:
        asked.append(url)
        return {"keys": [{**ProviderStub().public_jwk(), "kid": url}]}

    sets = KeySets(answer)
    assert set(await sets.get("a")) == {"a"}
    assert set(await sets.get("b")) == {"b"}
    assert asked == ["a", "b"]


async def test_oc_02_keys_that_do_not_serve():
    """OC-02: Of a key set only public signing keys are taken: no secret ones, none for encryption, none half there."""
    good = ProviderStub().public_jwk()
    rows = [
        {"kty": "oct", "k": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "kid": "secret", "alg": "HS256"},
        {**good, "kid": "for encryption", "use": "enc"},
        {**good, "kid": "half", "y": "AA"},
        {**good, "kid": "curveless", "crv": "P-1"},
        {"kid": "kindless"},
        *("text", None, 7, []),
        good,
    ]
    keys = read_keys({"keys": rows})
    assert set(keys) == {"stub-1"}
    assert all(isinstance(key, jwt.PyJWK) for key in keys.values())
