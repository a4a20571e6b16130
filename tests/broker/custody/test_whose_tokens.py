"""Confused deputies: whoever asks, by whatever trick, gets the tokens of the user that the path names, or none."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2
import jwt
import pytest

from tests.broker.custody.accounts import add_account
from tests.broker.endpoints.raw import request, send_raw
from tests.conftest import HTTPS_REDIRECT, connect
from tests.phone import Phone
from tests.provider_stub import ProviderStub
from tests.running import LOCAL, RunningBroker

pytestmark = pytest.mark.xdist_group("whose tokens")  # one worker makes the cast, once

PROVIDERS = ("firstp", "secondp")


@dataclass(frozen=True)
class Person:
    """`subjects` are the names at the providers where this one has an account; they stand in the tokens."""

    user_id: str
    tokens: dict[str, Any]
    subjects: dict[str, str]


@dataclass(frozen=True)
class Cast:
    """Ada has an account at both providers, Bob at the second alone; each came by a client of their own."""

    broker: RunningBroker
    ada: Person
    bob: Person
    reader: str  # a key that may read tokens and nothing else
    others: dict[str, str]  # keys that may not, by scope

    def get(self, path: str, key: str, **options: Any) -> httpx2.Response:
        headers = {"authorization": f"Bearer {key}"} | options.pop("headers", {})
        return httpx2.request("GET", self.broker.address + path, headers=headers, **LOCAL, **options)

    def ask(self, who: Person, provider: str, query: str = "", **options: Any) -> httpx2.Response:
        path = f"/v1/users/{who.user_id}/oauth_access_tokens/{provider}{query}"
        return self.get(path, options.pop("key", self.reader), **options)

    def raw(self, target: str) -> tuple[int, str]:
        """A path exactly as it is written here: no client puts it in order."""
        headers = f"Host: {urlsplit(self.broker.address).netloc}", f"Authorization: Bearer {self.reader}"
        answer = send_raw(self.broker.address, request("GET", target, *headers, "Connection: close"))
        return answer.status, answer.body.decode()


@pytest.fixture(scope="module")
def cast(broker: RunningBroker, provider_process: ProviderStub, valkey: str) -> Iterator[Cast]:
    provider_process.reset()
    for each in PROVIDERS:
        connect(broker, provider_process, each)
    second = broker.make_client()["client_id"]
    broker.allow(HTTPS_REDIRECT, second)
    ada = person(broker, provider_process, "default", "firstp", "ada-at-first")
    bob = person(broker, provider_process, second, "secondp", "bob-at-second")
    add_account(valkey, provider_process, ada.user_id, "secondp", "ada-at-second")
    ada.subjects["secondp"] = "ada-at-second"
    scopes = ("users:read", "users:write", "sessions:write", "keys:read", "events:read")
    yield Cast(broker, ada, bob, key(broker, "tokens:read"), {each: key(broker, each) for each in scopes})
    for each in PROVIDERS:
        broker.admin("DELETE", f"/v1/providers/{each}")


def person(broker: RunningBroker, stub: ProviderStub, client_id: str, provider: str, subject: str) -> Person:
    stub.subject = subject
    with httpx2.Client(follow_redirects=False, **LOCAL) as browser:
        tokens = Phone(broker, client_id, HTTPS_REDIRECT, browser=browser).sign_in(provider=provider)
    claims = jwt.decode(tokens["access_token"], options={"verify_signature": False})
    return Person(claims["sub"], tokens, {provider: subject})


def key(broker: RunningBroker, scope: str) -> str:
    made = broker.admin("POST", "/v1/secret_keys", {"name": "TV-06", "scopes": [scope]})
    return str(made.json()["secret"])


@pytest.mark.parametrize("who", ["ada", "bob"])
@pytest.mark.parametrize("provider", [*PROVIDERS, *(f"oauth_{each}" for each in PROVIDERS)])
def test_tv_06_each_gets_their_own(cast: Cast, who: str, provider: str):
    """TV-06: every pair of user and provider has exactly that user's tokens there: off the diagonal an empty list."""
    asked: Person = getattr(cast, who)
    answer = cast.ask(asked, provider)
    subject = asked.subjects.get(provider.removeprefix("oauth_"))
    assert answer.status_code == 200
    assert [each["provider_user_id"] for each in answer.json()] == ([subject] if subject else [])
    assert all(subject in each["token"] for each in answer.json())


def test_tv_06_a_key_without_the_scope(cast: Cast):
    """TV-06: keys that may do other things get 403 for every user and provider, forced or not."""
    for held in cast.others.values():
        for who in (cast.ada, cast.bob):
            for provider in PROVIDERS:
                for query in ("", "?force_refresh=true"):
                    answer = cast.ask(who, provider, query, key=held)
                    assert answer.status_code == 403
                    assert "at-canary" not in answer.text


@pytest.mark.parametrize("name", ["access_token", "refresh_token", "id_token"])
def test_tv_06_an_apps_token_is_no_key(cast: Cast, name: str):
    """TV-06: what an app holds opens nothing at `/v1`, not even the tokens of its own user; nor does a provider's token."""
    (served,) = cast.ask(cast.ada, "firstp").json()
    for who in (cast.ada, cast.bob):
        for held in (who.tokens[name], served["token"]):
            for path in (
                f"/v1/users/{who.user_id}/oauth_access_tokens/secondp",
                f"/v1/users/{who.user_id}",
                "/v1/users",
            ):
                answer = cast.get(path, held)
                assert answer.status_code == 401
                assert answer.json()["errors"][0]["code"] == "clerk_key_invalid"


@pytest.mark.parametrize(
    "name",
    ["user_id", "sub", "subject", "id", "tenant", "client_id", "provider", "external_account_id", "_method"],
)
def test_tv_06_no_parameter_leads_elsewhere(cast: Cast, name: str):
    """TV-06: naming another user, tenant or client in the query is refused by name; in headers or a body of any type it
    changes nothing."""
    ada, bob = cast.ada, cast.bob
    refused = cast.ask(bob, "secondp", f"?{name}={ada.user_id}")
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["meta"] == {"param_name": name}
    header = name.replace("_", "-").strip("-")
    ways: list[dict[str, Any]] = [
        {"headers": {header: ada.user_id, f"x-{header}": ada.user_id, "x-forwarded-user": ada.user_id}},
        {"headers": {"cookie": f"{name}={ada.user_id}; __session={ada.tokens['access_token']}"}},
        {"json": {name: ada.user_id}},
        {"data": {name: ada.user_id}},
        {"headers": {"x-http-method-override": "DELETE", "x-original-url": f"/v1/users/{ada.user_id}"}},
    ]
    for way in ways:
        answer = cast.ask(bob, "secondp", **way)
        assert [each["provider_user_id"] for each in answer.json()] == ["bob-at-second"], way


def test_tv_06_a_second_key_changes_nothing(cast: Cast):
    """TV-06: of two Authorization headers the first counts alone, and a key in the query or in a cookie not at all."""
    path = f"/v1/users/{cast.ada.user_id}/oauth_access_tokens/firstp"
    weak = cast.others["users:read"]
    two = [("Authorization", f"Bearer {weak}"), ("Authorization", f"Bearer {cast.reader}")]
    assert httpx2.get(cast.broker.address + path, headers=two, **LOCAL).status_code == 403
    bare = f"{cast.broker.address}{path}"
    assert httpx2.get(f"{bare}?access_token={cast.reader}", **LOCAL).status_code == 401
    assert httpx2.get(bare, headers={"cookie": f"__session={cast.reader}"}, **LOCAL).status_code == 401


# What stands for a user's id, and for a provider's name; ADA and BOB are their ids.
USERS = [
    "", "ADA%20", "%20ADA", "ADA%0A", "ADA%00", "ADA,BOB", "ADA;BOB", "BOB%2F..%2FADA", "BOB/../ADA",
    "BOB/../../users/ADA", "..", "%2e%2e", "*", "BOB}:firstp{ADA", "{ADA}", "%7BADA%7D", "user_%2A",
    "user_" + "0" * 24, "user_" + "0" * 5000, "%FF%FE", "%F0%9F%98%80", "ADA%E2%80%8B", "UPPER", "user_ADA",
    "null", "undefined", "me", "count", "%ED%A0%80",
]  # fmt: skip
NAMES = [
    "", "FIRSTP", "firstp%20", "firstp%00", "firstp%0A", "oauth_oauth_firstp", "firstp:eac_x", "firstp%7D", "{firstp}",
    "..", "%2e%2e", "..%2Ffirstp", "firstp/", "firstp/..", "firstp%2F..%2Fsecondp", "*", "first*", "custom_firstp",
    "p" * 5000, "%FF", "%F0%9F%98%80", "oauth_", "%ED%A0%80", "firstp;x", "firstp,secondp",
]  # fmt: skip


@pytest.mark.parametrize("text", USERS)
def test_tv_06_no_id_means_another_user(cast: Cast, text: str):
    """TV-06: an id in another spelling, with more in it, or with a way out of its place is nobody's: 404, and no 5xx."""
    ids = {"ADA": cast.ada.user_id, "BOB": cast.bob.user_id, "UPPER": cast.ada.user_id.upper()}
    shown = re.sub("ADA|BOB|UPPER", lambda found: ids[found[0]], text)
    status, body = cast.raw(f"/v1/users/{shown}/oauth_access_tokens/secondp")
    assert status in {400, 404}
    assert "at-canary" not in body


@pytest.mark.parametrize("text", NAMES)
def test_tv_06_no_name_means_another_provider(cast: Cast, text: str):
    """TV-06: a provider's name in another spelling is no provider's, or that one's: never another record, and no 5xx."""
    status, body = cast.raw(f"/v1/users/{cast.bob.user_id}/oauth_access_tokens/{text}")
    assert (status, "at-canary" in body) in {(200, False), (400, False), (404, False)}


def test_tv_06_nobody_gives_back_anothers_tokens(cast: Cast, provider: ProviderStub):
    """TV-06: an account is found only under its own user, so by another's path nothing is revoked or taken away."""
    accounts = cast.broker.admin("GET", f"/v1/users/{cast.ada.user_id}/external_accounts").json()
    for account in accounts:
        for rest in ("", "/tokens"):
            path = f"/v1/users/{cast.bob.user_id}/external_accounts/{account['id']}{rest}"
            answer = cast.broker.admin("DELETE", path)
            assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "resource_not_found")
    assert provider.asked("/revoke") == []
    assert all(cast.ask(cast.ada, each).json()[0]["health"] == "fresh" for each in PROVIDERS)
