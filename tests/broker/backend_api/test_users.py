"""`/v1/users`: who is found, in which order, and what of them is shown."""

import time
from urllib.parse import quote

import pytest

from tests.broker.backend_api.conftest import Api
from tests.broker.backend_api.people import Person, sign_in
from tests.provider_stub import ProviderStub
from tests.running import RunningBroker

NOBODY = "user_" + "0" * 24


@pytest.fixture
def person(broker: RunningBroker, provider: ProviderStub) -> Person:
    return sign_in(broker, provider)


def test_a_user_is_shown(api: Api, person: Person):
    """A user has what the provider told, times in milliseconds, and each account with its health."""
    user = api.good("GET", f"/v1/users/{person.user_id}")
    (account,) = user["external_accounts"]
    assert (user["object"], user["id"]) == ("user", person.user_id)
    assert user["first_name"] == person.email.split("@")[0].title()
    assert abs(user["created_at"] - time.time() * 1000) < 60_000
    assert (account["health"], account["health_reason"]) == ("fresh", None)
    assert account["approved_scopes"] == "openid email profile"
    listed = api.good("GET", f"/v1/users/{person.user_id}/external_accounts")
    assert listed == [account]
    paged = api.good("GET", f"/v1/users/{person.user_id}/external_accounts?paginated=true&offset=1")
    assert paged == {"data": [], "total_count": 1}


def test_no_secret_is_shown(api: Api, person: Person):
    """Neither a provider's token nor one of ours stands in any answer about a user."""
    paths = ("", "/external_accounts")
    shown = "".join(str(api.good("GET", f"/v1/users/{person.user_id}{path}")) for path in paths)
    assert "canary" not in shown
    assert person.tokens["refresh_token"] not in shown


def test_orders(api: Api, broker: RunningBroker, provider: ProviderStub):
    """The newest come first unless asked otherwise; by last sign-in an old user who came back is first."""
    first, second = sign_in(broker, provider), sign_in(broker, provider)
    time.sleep(1.1)  # times are whole seconds
    third = sign_in(broker, provider)
    sign_in(broker, provider, first.email.split("@")[0])
    pick = "".join(f"&user_id={each.user_id}" for each in (first, second, third))

    def listed(order: str) -> list[str]:
        return [each["id"] for each in api.good("GET", f"/v1/users?limit=500&order_by={quote(order)}{pick}")]

    assert listed("-created_at")[0] == third.user_id
    assert listed("created_at")[-1] == listed("+created_at")[-1] == third.user_id
    assert set(listed("-last_sign_in_at")[:2]) == {first.user_id, third.user_id}
    assert listed("last_sign_in_at")[0] == second.user_id
    everybody = [each["id"] for each in api.good("GET", "/v1/users?limit=2")]
    assert everybody[0] == third.user_id
    assert api.good("GET", "/v1/users?limit=1&order_by=-last_sign_in_at")[0]["id"] in listed("-created_at")


def test_pages(api: Api, person: Person):
    """Pages of one hold what a page of two holds, and the total is the count."""
    total = api.good("GET", "/v1/users/count")["total_count"]
    both = [each["id"] for each in api.good("GET", "/v1/users?limit=2&order_by=created_at")]
    each = [api.good("GET", f"/v1/users?limit=1&offset={n}&order_by=created_at")[0]["id"] for n in (0, 1)]
    assert both == each
    assert api.good("GET", "/v1/users?limit=1&paginated=true")["total_count"] == total
    assert api.good("GET", f"/v1/users?offset={total}") == []


def test_filters(api: Api, broker: RunningBroker, provider: ProviderStub):
    """Addresses and ids may be repeated, case does not matter, both filters must fit, and the count counts the same."""
    ada, eve = sign_in(broker, provider), sign_in(broker, provider)
    cases = {
        f"email_address={quote(ada.email.upper())}": {ada.user_id},
        f"email_address={ada.email}&email_address={eve.email}&email_address=x@example.com": {
            ada.user_id,
            eve.user_id,
        },
        f"user_id={ada.user_id}&user_id={NOBODY}": {ada.user_id},
        f"user_id={ada.user_id}&email_address={eve.email}": set(),
        "email_address=nobody@example.com": set(),
    }
    for query, wanted in cases.items():
        assert {each["id"] for each in api.good("GET", f"/v1/users?{query}")} == wanted, query
        assert api.good("GET", f"/v1/users/count?{query}")["total_count"] == len(wanted), query
    paged = api.good(
        "GET", f"/v1/users?limit=1&paginated=true&email_address={ada.email}&email_address={eve.email}"
    )
    assert (len(paged["data"]), paged["total_count"]) == (1, 2)


def test_a_former_address_finds_nobody(api: Api, broker: RunningBroker, provider: ProviderStub):
    """An address that the provider has replaced leads to its user no more; the new one does."""
    person = sign_in(broker, provider)
    moved = f"moved-{person.email}"
    provider.claims = lambda claims: claims | {"email": moved}
    sign_in(broker, provider, person.email.split("@")[0])
    assert api.good("GET", f"/v1/users?email_address={person.email}") == []
    assert [each["id"] for each in api.good("GET", f"/v1/users?email_address={moved}")] == [person.user_id]


def test_an_unverified_address_is_shown_as_such(api: Api, broker: RunningBroker, provider: ProviderStub):
    """What the provider did not verify is not verified here; nobody without an address has one."""
    provider.claims = lambda claims: claims | {"email_verified": False}
    (email,) = api.good("GET", f"/v1/users/{sign_in(broker, provider).user_id}")["email_addresses"]
    assert email["verification"]["status"] == "unverified"
    provider.claims = lambda claims: {name: claims[name] for name in claims if "email" not in name}
    provider.userinfo = lambda claims: {"sub": claims["sub"]}
    user = api.good("GET", f"/v1/users/{sign_in(broker, provider).user_id}")
    assert (user["primary_email_address_id"], user["email_addresses"]) == (None, [])
    assert user["external_accounts"][0]["email_address"] == ""


@pytest.mark.parametrize(
    ("query", "code", "param"),
    [
        ("query=ada", "form_param_unknown", "query"),
        ("phone_number=%2B1", "form_param_unknown", "phone_number"),
        ("order_by=-updated_at", "form_param_format_invalid", "order_by"),
        ("order_by=--created_at", "form_param_format_invalid", "order_by"),
        ("user_id=x", "form_param_format_invalid", "user_id"),
        ("user_id=-" + NOBODY, "form_param_format_invalid", "user_id"),
        ("limit=501", "form_param_format_invalid", "limit"),
        ("&".join(["email_address=a"] * 101), "form_param_format_invalid", "email_address"),
    ],
    ids=["query", "phone", "order", "two signs", "no id", "without", "limit", "too many"],
)
def test_what_is_not_understood_is_refused(api: Api, query: str, code: str, param: str):
    """A filter that would be ignored is refused by name: what it leaves out may be about to be deleted."""
    for path in ("/v1/users", "/v1/users/count"):
        if "limit" in query or "order" in query:
            path = "/v1/users"  # noqa: PLW2901 -- the count has no order and no page
        assert api.refused("GET", f"{path}?{query}") == (422, code, param)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/users/{user}"),
        ("DELETE", "/v1/users/{user}"),
        ("GET", "/v1/users/{user}/external_accounts"),
        ("DELETE", "/v1/users/{user}/external_accounts/eac_x"),
        ("DELETE", "/v1/users/{user}/external_accounts/eac_x/tokens"),
    ],
)
@pytest.mark.parametrize(
    "user_id", [NOBODY, "ada", "user_*", "x%7D:y"], ids=["unknown", "word", "star", "brace"]
)
def test_unknown_users(api: Api, method: str, path: str, user_id: str):
    """Nobody is found by an id that is not one, and no key of Redis is reached by it."""
    assert api.refused(method, path.format(user=user_id)) == (404, "resource_not_found", None)


def test_tokens_are_given_back_and_the_account_stays(
    api: Api, person: Person, broker: RunningBroker, provider: ProviderStub
):
    """Tokens revoked by a backend are gone, the connection says so, and the person can sign in again with it, which
    makes it fresh."""
    path = f"/v1/users/{person.user_id}/external_accounts"
    (account,) = api.good("GET", path)
    gone = api.good("DELETE", f"{path}/{account['id']}/tokens")
    assert (gone["external_account_id"], gone["provider"]) == (account["id"], "stub")
    assert gone["revocation"] in {"revoked", "pending", "unsupported"}
    assert api.good("GET", path)[0]["health"] == "revoked"
    again = sign_in(broker, provider, person.email.split("@")[0])
    assert again.user_id == person.user_id
    assert api.good("GET", path)[0]["health"] == "fresh"
    assert api.refused("DELETE", f"{path}/eac_{'0' * 24}/tokens") == (404, "resource_not_found", None)


def test_the_last_account_stays(api: Api, person: Person):
    """The one account without which nobody could be that user is not deleted."""
    path = f"/v1/users/{person.user_id}/external_accounts"
    (account,) = api.good("GET", path)
    told = api.refused("DELETE", f"{path}/{account['id']}")
    assert told == (400, "last_required_identification_deletion_failed", None)
    assert api.refused("DELETE", f"{path}/eac_{'0' * 24}") == (404, "resource_not_found", None)


def test_a_deleted_user_comes_back_as_another(
    api: Api, person: Person, broker: RunningBroker, provider: ProviderStub
):
    """Deletion says what each provider made of it; the sessions are over; who signs in again is somebody new."""
    gone = api.good("DELETE", f"/v1/users/{person.user_id}")
    assert (gone["id"], gone["deleted"], len(gone["revocations"])) == (person.user_id, True, 1)
    assert api.refused("GET", f"/v1/users/{person.user_id}") == (404, "resource_not_found", None)
    form = {
        "grant_type": "refresh_token",
        "client_id": "default",
        "refresh_token": person.tokens["refresh_token"],
    }
    assert broker.post("/token", data=form).json()["error"] == "invalid_grant"
    again = sign_in(broker, provider, person.email.split("@")[0])
    assert again.user_id != person.user_id
    assert [each["id"] for each in api.good("GET", f"/v1/users?email_address={person.email}")] == [
        again.user_id
    ]
