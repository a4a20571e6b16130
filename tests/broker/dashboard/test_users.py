"""Users in the dashboard: found, shown as what they are, and ended by the API's own functions."""

import secrets
import time

import pytest

from tests.accounts.people import People
from tests.accounts.people import connect as connect_account
from tests.broker.backend_api.people import Person, sign_in
from tests.broker.dashboard.conftest import Desk, make_key, text_of
from tests.conftest import connect
from tests.provider_stub import ProviderStub
from tests.running import RunningBroker


@pytest.fixture
def person(broker: RunningBroker, provider: ProviderStub) -> Person:
    return sign_in(broker, provider)


def place_of(person: Person) -> str:
    return f"/dashboard/users/{person.user_id}"


def accounts_of(broker: RunningBroker, person: Person) -> list[dict[str, str]]:
    return list(broker.admin("GET", f"/v1/users/{person.user_id}/external_accounts").json())


def test_found(desk: Desk, person: Person):
    """The list has who signed in; a whole address in any case finds them, a whole id too, and a part of one nobody."""
    assert person.email in text_of(desk.get("/dashboard/users"))
    assert person.email in text_of(desk.get("/dashboard/users?order=last_sign_in_at"))
    for asked in (person.email, person.email.upper(), person.user_id):
        assert place_of(person) in desk.get(f"/dashboard/users?q={asked}").text
    for asked in (person.email[1:], person.user_id[:-1], "user_nobody", "user_" + "0" * 24):
        assert "Nobody has this" in text_of(desk.get(f"/dashboard/users?q={asked}"))


def test_shown(desk: Desk, person: Person):
    """One user's page has profile, connections with health, and sessions with their app."""
    shown = text_of(desk.get(place_of(person)))
    for words in (person.email, person.user_id, person.session_id, "Default app", "Good", "stub"):
        assert words in shown
    assert desk.get("/dashboard/users/user_" + "0" * 24).status_code == 404
    assert desk.get("/dashboard/users/nonsense").status_code == 404


def test_revoked(desk: Desk, broker: RunningBroker, person: Person):
    """Revoking tokens gives them back, says what the provider made of it, and stands in the audit log under the admin's key."""
    (account,) = accounts_of(broker, person)
    desk.get(place_of(person))
    told = desk.done(f"{place_of(person)}/accounts/{account['id']}/revoke")
    assert "given back to the provider" in told
    assert "Revoked" in told
    assert accounts_of(broker, person)[0]["health"] == "revoked"
    for _ in range(40):
        log = text_of(desk.get(f"/dashboard/events?user_id={person.user_id}&type=connection.revoked"))
        if "revoked_by_backend" in log:
            break
        time.sleep(0.1)
    assert "env:1" in log


def test_disconnected(desk: Desk, broker: RunningBroker, provider: ProviderStub, person: Person):
    """An account is taken from its user while another is left; the last one is refused, and has no button."""
    (account,) = accounts_of(broker, person)
    shown = desk.get(place_of(person))
    assert "/disconnect" not in shown.text
    refused = desk.post(f"{place_of(person)}/accounts/{account['id']}/disconnect")
    assert refused.status_code == 400
    assert "last account" in text_of(refused)
    assert len(accounts_of(broker, person)) == 1


def test_sessions_end(desk: Desk, broker: RunningBroker, provider: ProviderStub, person: Person):
    """One session is ended by its button, all by one; another user's is not touched by this one's."""
    again = sign_in(broker, provider, person.email.split("@")[0])
    other = sign_in(broker, provider)
    assert again.user_id == person.user_id
    desk.get(place_of(person))
    told = desk.done(f"{place_of(person)}/sessions/end", {"session": person.session_id})
    assert "The session is ended." in told
    assert person.session_id not in told
    assert again.session_id in told
    desk.done(f"{place_of(person)}/sessions/end", {"session": other.session_id})
    assert "No app has a session" in desk.done(f"{place_of(person)}/sessions/end")
    assert other.session_id in text_of(desk.get(place_of(other)))


def test_deleted(desk: Desk, broker: RunningBroker, person: Person):
    """A user is deleted after a page that says what it means; looking at that page deletes nobody."""
    asked = text_of(desk.get(f"{place_of(person)}/delete"))
    assert "cannot be undone" in asked
    assert broker.admin("GET", f"/v1/users/{person.user_id}").status_code == 200
    assert "The user is deleted." in desk.done(f"{place_of(person)}/delete")
    assert broker.admin("GET", f"/v1/users/{person.user_id}").status_code == 404


def test_scopes(broker: RunningBroker, visitor: Desk, person: Person):
    """Who may read users alone sees no sessions and no button, and is refused what the buttons do."""
    visitor.sign_in(make_key(broker, "users:read")["secret"])
    shown = visitor.get(place_of(person))
    assert shown.status_code == 200
    assert person.session_id not in shown.text
    assert shown.text.count("<form") == 1  # to sign out
    (account,) = accounts_of(broker, person)
    own = place_of(person)
    for path in (f"{own}/delete", f"{own}/sessions/end", f"{own}/accounts/{account['id']}/revoke"):
        assert visitor.post(path).status_code == 403
    assert visitor.get(f"{own}/delete").status_code == 403
    assert broker.admin("GET", f"/v1/users/{person.user_id}").status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"csrf": "0" * 64},
        {"csrf": ""},
        {"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
    ids=["another session's", "none", "another site", "a sibling"],
)
def test_csrf(desk: Desk, broker: RunningBroker, person: Person, change: dict[str, str]):
    """A form that no page of this session sent deletes nobody."""
    desk.get(place_of(person))
    form = {name: value for name, value in change.items() if name == "csrf"}
    headers = {name: value for name, value in change.items() if name != "csrf"}
    assert desk.post(f"{place_of(person)}/delete", form, **headers).status_code == 403
    assert broker.admin("GET", f"/v1/users/{person.user_id}").status_code == 200


def test_markup_in_a_name(desk: Desk, broker: RunningBroker, provider: ProviderStub):
    """What a provider says of a person is text on every page, however it looks."""
    evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    told = {"name": evil, "preferred_username": evil, "email": f"{evil}@example.com"}
    provider.claims = lambda honest: {**honest, **told}
    person = sign_in(broker, provider, f"evil-{secrets.token_hex(4)}")
    for path in (
        "/dashboard/users",
        place_of(person),
        f"{place_of(person)}/delete",
        f"/dashboard/events?user_id={person.user_id}",
        "/dashboard/users?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
        "/dashboard/events?type=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
        "/dashboard/flows?client=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
    ):
        shown = desk.get(path).text
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown


def test_paging(desk: Desk, broker: RunningBroker, provider: ProviderStub):
    """Twenty-five stand on a page, and the next page goes on after them."""
    for _ in range(26):
        sign_in(broker, provider)
    first, second = desk.get("/dashboard/users"), desk.get("/dashboard/users?order=created_at&offset=25")
    assert first.text.count("<tr>") == 26
    assert 'rel="next"' in first.text
    assert 'rel="prev"' in second.text
    assert desk.get("/dashboard/users?offset=x").status_code == 422


def test_two_accounts(desk: Desk, broker: RunningBroker, provider: ProviderStub):
    """Of two accounts one is disconnected, and the page says what the provider made of it."""
    connect(broker, provider, "other")
    people = People(broker, provider)
    one = people.sign_in("two")
    connect_account(people, one, "two-other")
    place = f"/dashboard/users/{one.user_id}"
    (account,) = [each for each in one.accounts() if each["provider"] == "oauth_other"]
    desk.get(place)
    assert "Disconnected. The tokens are given back" in desk.done(
        f"{place}/accounts/{account['id']}/disconnect"
    )
    assert len(one.accounts()) == 1
    people.close()
    broker.admin("DELETE", "/v1/providers/other")
