"""Scopes accumulate: by connecting, by signing in again, and by the link that a person reconnects with."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import redis

from tests.accounts.people import MISSING, People, SignedIn, connect, open_link, push, ticket
from tests.phone import Landing
from tests.provider_stub import ProviderStub, answer_json

BASE = ["openid", "email", "profile"]
DONE = "Connected again"


@pytest.fixture
def ada(people: People) -> SignedIn:
    """Signed in with `stub`."""
    return people.sign_in("ada")


def asked(provider: ProviderStub) -> list[str]:
    """The scopes of the last visit to the provider."""
    return provider.asked("/authorize")[-1]["scope"].split()


def read(people: People, user_id: str, query: str = "", at: str = "stub") -> Any:
    return people.broker.admin("GET", f"/v1/users/{user_id}/oauth_access_tokens/{at}{query}").json()


def scopes(people: People, user_id: str, at: str = "stub") -> set[str]:
    (token,) = read(people, user_id, at=at)
    return set(token["scopes"])


def account_of(one: SignedIn, at: str = "stub") -> dict[str, Any]:
    (found,) = [each for each in one.accounts() if each["provider"] == f"oauth_{at}"]
    return dict(found)


def go(people: People, url: str) -> Landing:
    """Somebody opens a link in a browser that the broker never saw."""
    phone = people.phone()
    return phone.follow(phone.browser.get(url))


def test_connecting_asks_for_the_union(people: People, ada: SignedIn, provider: ProviderStub):
    """At a connect the provider is asked for its own scopes, those that the app wants, and those that are held."""
    people.tell("ada-too")
    ada.phone.exchange(open_link(ada.phone, ticket(ada, provider_scopes="files"))["code"])
    assert asked(provider) == [*BASE, "files"]
    ada.phone.exchange(open_link(ada.phone, ticket(ada, provider_scopes="calendar"))["code"])
    assert asked(provider) == [*BASE, "calendar", "files"]
    assert scopes(people, ada.user_id, "other") == {*BASE, "files", "calendar"}
    connect(people, ada, "ada-too")
    assert set(asked(provider)) == {*BASE, "files", "calendar"}


def test_union_over_accounts_and_only_what_is_allowed(people: People, ada: SignedIn, provider: ProviderStub):
    """What any of the user's accounts there holds is asked for, unless it is not allowed any more."""
    for subject, wanted in (("work", "files"), ("home", "contacts")):
        people.tell(subject)
        ada.phone.exchange(open_link(ada.phone, ticket(ada, provider_scopes=wanted))["code"])
    people.broker.admin("PATCH", "/v1/providers/other", {"additional_scopes": ["calendar", "contacts"]})
    connect(people, ada, "work")
    people.broker.admin(
        "PATCH", "/v1/providers/other", {"additional_scopes": ["files", "calendar", "contacts"]}
    )
    assert asked(provider) == [*BASE, "contacts"]


def test_connecting_asks_nothing_that_is_not_allowed(people: People, ada: SignedIn):
    """A scope that the operator did not allow is refused at /par."""
    assert push(ada, provider_scopes="admin").json()["error"] == "invalid_scope"


def test_another_users_scopes_are_not_asked(people: People, ada: SignedIn, provider: ProviderStub):
    """What another user holds at that provider is nothing to this one."""
    people.tell("bob", email=f"bob-{people.address}")
    bob = people.phone("other")
    bob.sign_in(provider_scopes="files")
    connect(people, ada, "ada-too")
    assert asked(provider) == BASE


def sign_in_with(people: People, wanted: str, **fields: object) -> None:
    people.provider.token_fields = fields
    people.phone().sign_in(provider_scopes=wanted)
    people.provider.token_fields = {}


def test_a_sign_in_narrows_nothing(people: People, ada: SignedIn):
    """A sign-in whose answer holds less than the living grant leaves it as it is, token and all; one that holds as much or
    something else replaces it."""
    people.tell("ada")
    sign_in_with(people, "files calendar")
    (held,) = read(people, ada.user_id)
    people.sign_in("ada")
    assert read(people, ada.user_id) == [held]
    sign_in_with(people, "files")
    assert read(people, ada.user_id) == [held]
    sign_in_with(people, "calendar files")
    (same,) = read(people, ada.user_id)
    assert same["token"] != held["token"]
    sign_in_with(people, "contacts")
    assert scopes(people, ada.user_id) == {*BASE, "contacts"}
    assert account_of(ada)["approved_scopes"].split() == [*BASE, "contacts"]


def test_kept_scopes_are_shown(people: People, ada: SignedIn):
    """The account shows what its grant holds, not what the last sign-in brought."""
    people.tell("ada")
    sign_in_with(people, "files")
    people.sign_in("ada")
    assert account_of(ada)["approved_scopes"].split() == [*BASE, "files"]


def test_a_kept_grant_is_still_refreshed(people: People, ada: SignedIn):
    """A grant that a narrower sign-in left alone is refreshed with its own refresh token, and holds what it held."""
    people.tell("ada")
    sign_in_with(people, "files", expires_in=0)
    people.sign_in("ada")
    (token,) = read(people, ada.user_id)
    assert token["health"] == "fresh"
    assert set(token["scopes"]) == {*BASE, "files"}


def give_back(people: People, ada: SignedIn) -> None:
    path = f"/v1/users/{ada.user_id}/external_accounts/{account_of(ada)['id']}/tokens"
    assert people.broker.admin("DELETE", path).status_code == 200


def refuse_refresh(people: People, ada: SignedIn) -> None:
    for family in people.provider.families.values():
        family.alive = False
    read(people, ada.user_id, "?force_refresh=true")
    assert account_of(ada)["health"] == "needs_reconnect"


def forget_refresh_token(people: People, ada: SignedIn) -> None:
    with redis.Redis.from_url(people.broker.redis_url) as memory:
        assert memory.hdel(f"grant:{{{ada.user_id}}}:stub", f"{account_of(ada)['id']}:refresh")


def mark_interrupted(people: People, ada: SignedIn) -> None:
    """As after a provider's answer that was lost: the refresh token stands there still."""
    with redis.Redis.from_url(people.broker.redis_url) as memory:
        key, account_id = f"grant:{{{ada.user_id}}}:stub", account_of(ada)["id"]
        memory.hset(key, f"{account_id}:status", "needs_reconnect answer_lost")


DEAD = {
    "interrupted": mark_interrupted,
    "given back": give_back,
    "given up": refuse_refresh,
    "without a refresh token": forget_refresh_token,
}


@pytest.mark.parametrize("end", DEAD.values(), ids=DEAD)
def test_a_dead_grant_is_replaced(people: People, ada: SignedIn, end):
    """A grant that does not live, since it was given back, given up, or ends with nothing to renew it, is replaced by
    whatever a sign-in brings."""
    people.tell("ada")
    sign_in_with(people, "files")
    end(people, ada)
    people.sign_in("ada")
    assert scopes(people, ada.user_id) == set(BASE)


def test_a_grant_without_an_end_lives(people: People, ada: SignedIn):
    """A token that does not expire needs no refresh token to live on."""
    people.tell("ada")
    sign_in_with(people, "files", expires_in=None, refresh_token=None)
    people.sign_in("ada")
    assert scopes(people, ada.user_id) == {*BASE, "files"}


def test_missing_scopes_have_a_way(people: People, ada: SignedIn, provider: ProviderStub):
    """A token that lacks what a backend needs says where the person goes; having been there, the same read lacks nothing,
    and what was held before is held still."""
    people.tell("ada")
    sign_in_with(people, "files")
    (lacking,) = read(people, ada.user_id, "?scopes=calendar")
    assert lacking["missing_scopes"] == ["calendar"]
    url = urlsplit(lacking["reconnect_url"])
    assert f"{url.scheme}://{url.netloc}" == people.broker.issuer
    assert url.path == "/reconnect/stub"
    assert parse_qs(url.query) == {"account": [account_of(ada)["id"]], "scopes": ["files calendar"]}
    shown = go(people, lacking["reconnect_url"])
    assert shown.location is None
    assert DONE in shown.response.text
    assert asked(provider) == [*BASE, "files", "calendar"]
    (whole,) = read(people, ada.user_id, "?scopes=calendar+files")
    assert (whole["missing_scopes"], whole["reconnect_url"], whole["health"]) == ([], None, "fresh")
    assert len(ada.accounts()) == 1
    assert len(ada.me("/sessions").json()) == 2


def test_nothing_missing_no_way(people: People, ada: SignedIn):
    """A good token, and a lack that no visit could mend because the scope is not allowed here, have no link."""
    (good,) = read(people, ada.user_id)
    assert good["reconnect_url"] is None
    (hopeless,) = read(people, ada.user_id, "?scopes=admin")
    assert (hopeless["missing_scopes"], hopeless["reconnect_url"]) == (["admin"], None)


def test_a_dead_connection_has_a_way(people: People, ada: SignedIn):
    """Where only the person can help, the refusal and the account name the link; it heals the connection."""
    people.tell("ada")
    sign_in_with(people, "files")
    assert account_of(ada)["reconnect_url"] is None
    refuse_refresh(people, ada)
    meta = read(people, ada.user_id, "?force_refresh=true")["errors"][0]["meta"]
    url = meta["reconnect_url"]
    assert url == account_of(ada)["reconnect_url"]
    (shown,) = people.accounts(ada.user_id)
    assert shown["reconnect_url"] == url
    (user,) = people.users()
    assert user["external_accounts"][0]["reconnect_url"] == url
    assert DONE in go(people, url).response.text
    assert account_of(ada)["health"] == "fresh"
    assert account_of(ada)["reconnect_url"] is None
    assert scopes(people, ada.user_id) == {*BASE, "files"}


def test_a_revoked_connection_has_a_way(people: People, ada: SignedIn):
    """What was given back can be granted again by the same person."""
    give_back(people, ada)
    url = account_of(ada)["reconnect_url"]
    (error,) = read(people, ada.user_id)["errors"]
    assert (error["code"], error["meta"]["reconnect_url"]) == ("oauth_missing_access_token", url)
    assert DONE in go(people, url).response.text
    assert account_of(ada)["health"] == "fresh"


def test_no_way_while_it_is_off(people: People, ada: SignedIn):
    """A provider that is switched off cannot be reconnected, so no link says so."""
    give_back(people, ada)
    url = account_of(ada)["reconnect_url"]
    with people.switched_off("stub"):
        assert go(people, url).response.status_code == 400


def test_late_is_not_dead(people: People, ada: SignedIn):
    """Where waiting helps, nobody is sent anywhere."""
    people.tell("ada")
    sign_in_with(people, "", expires_in=0)
    people.provider.answers["/token"] = answer_json({"error": "temporarily_unavailable"}, 503)
    (error,) = read(people, ada.user_id)["errors"]
    assert error["meta"]["health"] == "stale"
    assert "reconnect_url" not in error["meta"]
    assert account_of(ada)["reconnect_url"] is None


def test_another_account_is_told(people: People, ada: SignedIn):
    """Whoever comes back with another account than the link's finds a page that says so, and nothing is changed for
    either: a known stranger, a new identity, or another account of the same user."""
    people.sign_in("eve", email=f"eve-{people.address}")
    connect(people, ada, "second", at="stub")
    account_id = next(each["id"] for each in ada.accounts() if each["provider_user_id"].endswith("-ada"))
    url = f"{people.broker.issuer}/reconnect/stub?account={account_id}"
    before = read(people, ada.user_id)
    for subject in ("eve", "nobody", "second"):
        people.tell(subject, email=f"{subject}-{people.address}")
        shown = go(people, url)
        assert shown.location is None
        assert shown.response.status_code == 403
        assert "nothing was changed" in shown.response.text
    assert read(people, ada.user_id) == before
    assert people.broker.admin("GET", f"/v1/users?email_address=nobody-{people.address}").json() == []


def test_no_oracle(people: People, ada: SignedIn, provider: ProviderStub):
    """A link to an account that does not exist goes the same way as any until the provider came back, and ends as one that
    somebody else opened."""
    own = account_of(ada)["id"]
    people.tell("eve", email=f"eve-{people.address}")
    pages, visits = [], []
    for account_id in (own, "eac_" + "0" * 24):
        phone = people.phone()
        away = phone.browser.get(f"{people.broker.address}/reconnect/stub?account={account_id}&scopes=files")
        sent = parse_qs(urlsplit(away.headers["location"]).query)
        visits.append({name: sent[name] for name in ("scope", "prompt", "redirect_uri")})
        shown = phone.follow(away)
        pages.append((shown.response.status_code, shown.response.text))
    assert pages[0] == pages[1]
    assert visits[0] == visits[1]


def test_a_link_made_by_hand_loses_nothing(people: People, ada: SignedIn, provider: ProviderStub):
    """A link that names less than the account holds still ends with all of it: the provider is asked once more."""
    people.tell("ada")
    sign_in_with(people, "files calendar")
    url = f"{people.broker.issuer}/reconnect/stub?account={account_of(ada)['id']}&scopes=contacts"
    assert DONE in go(people, url).response.text
    assert set(asked(provider)) == {*BASE, "files", "calendar", "contacts"}
    assert scopes(people, ada.user_id) == {*BASE, "files", "calendar", "contacts"}


def test_refused_scopes_are_not_asked_for_again_and_again(people: People, ada: SignedIn):
    """A person who grants less than was asked is not sent round: the living grant keeps what it held."""
    people.tell("ada")
    sign_in_with(people, "files calendar")
    people.provider.token_fields = {"scope": " ".join(BASE)}
    before = len(people.provider.asked("/authorize"))
    url = read(people, ada.user_id, "?scopes=contacts")[0]["reconnect_url"]
    assert DONE in go(people, url).response.text
    assert len(people.provider.asked("/authorize")) == before + 1
    assert scopes(people, ada.user_id) == {*BASE, "files", "calendar"}


BROKEN = {
    "no account": "",
    "no id": "account=nobody",
    "a user's id": "account=user_000000000000000000000000",
    "short": "account=eac_00",
    "twice": "account=eac_000000000000000000000000&account=eac_000000000000000000000001",
    "not allowed": "account=eac_000000000000000000000000&scopes=admin",
    "a line break": "account=eac_000000000000000000000000%0a",
}


@pytest.mark.parametrize("query", BROKEN.values(), ids=BROKEN)
def test_a_broken_link(people: People, query: str):
    """A link that is cut off, made up, or asks for what is not allowed is a page, and sends nobody anywhere."""
    answer = people.phone().browser.get(f"{people.broker.address}/reconnect/stub?{query}")
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/html")
    assert "location" not in answer.headers


def test_cb_01_the_link_is_bound_to_its_browser(people: People, ada: SignedIn):
    """CB-01: a reconnect that one browser began is not finished by another."""
    url = f"{people.broker.address}/reconnect/stub?account={account_of(ada)['id']}"
    upstream = people.phone().browser.get(url).headers["location"]
    people.tell("ada")
    thief = people.phone()
    assert thief.follow(thief.browser.get(upstream)).response.status_code == 400


def test_cancelled(people: People, ada: SignedIn, provider: ProviderStub):
    """Who turns back at the provider finds a page, not an app."""
    provider.callback = lambda back: {"error": "access_denied", "state": back["state"]}
    shown = go(people, f"{people.broker.issuer}/reconnect/stub?account={account_of(ada)['id']}")
    assert shown.location is None
    assert (shown.response.status_code, "cancelled" in shown.response.text) == (403, True)


def test_no_scope_told_means_all_that_was_asked(people: People, ada: SignedIn):
    """A provider that names no scope granted what was asked, at a reconnect too."""
    people.tell("ada", scope=MISSING)
    people.provider.token_fields = {"scope": None}
    url = read(people, ada.user_id, "?scopes=files")[0]["reconnect_url"]
    assert DONE in go(people, url).response.text
    assert scopes(people, ada.user_id) == {*BASE, "files"}
