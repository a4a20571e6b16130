"""What a person ends on the account page: an account, a session, everything; and that it takes a sign-in of just now."""

import re

import pytest

from tests.accounts.people import People, SignedIn, connect, keys
from tests.broker.account.portal import (
    Portal,
    age,
    come_in,
    events,
    heading,
    main_of,
    notice,
    open_portal,
    session_keys,
    stranger,
)
from tests.provider_stub import answer_json


@pytest.fixture
def rich(people: People, ada: SignedIn) -> SignedIn:
    """Ada, with a second account."""
    connect(people, ada, "ada-elsewhere")
    people.tell("ada")
    return ada


def of(people: People, one: SignedIn, provider: str) -> str:
    found = [each for each in people.accounts(one.user_id) if each["provider"] == f"oauth_{provider}"]
    return str(found[0]["id"])


def test_disconnecting(people: People, rich: SignedIn, portal: Portal):
    """The page says what will happen, then does it, then says what the provider made of it, and the log has it."""
    page = portal.get(f"connections/{of(people, rich, 'other')}/disconnect")
    assert heading(page) == "Disconnect Other?"
    assert "Other is asked to end the access" in main_of(page)
    done = portal.press(page, "Disconnect Other")
    assert "The provider has ended the access" in notice(done)
    assert people.provider.asked("/revoke")
    assert [each["provider"] for each in people.accounts(rich.user_id)] == ["oauth_stub"]
    assert events(people.broker, rich.user_id, "connection.revoked")[0]["actor"] == "user"


def test_a_provider_that_does_not_answer(people: People, rich: SignedIn, portal: Portal):
    """Where the provider is down the page says that it is not ended there yet."""
    people.provider.answers["/revoke"] = answer_json({}, 503)
    page = portal.get(f"connections/{of(people, rich, 'other')}/disconnect")
    assert "we keep asking it" in notice(portal.press(page, "Disconnect Other"))


def test_a_provider_that_is_off(people: People, rich: SignedIn, portal: Portal):
    """Where the provider is switched off here the page says beforehand that it cannot be asked now."""
    account = of(people, rich, "other")
    with people.switched_off("other"):
        page = portal.get(f"connections/{account}/disconnect")
        assert "switched off here" in main_of(page)
        assert notice(portal.press(page, "Disconnect Other")).startswith("Disconnected")


def test_lk_04_the_last_way_in_stays(people: People, ada: SignedIn, portal: Portal):
    """LK-04: the only account is not given up, on the page and by a form that was made by hand."""
    account = of(people, ada, "stub")
    page = portal.get(f"connections/{account}/disconnect")
    assert "last account that you can sign in with" in main_of(page)
    assert '/disconnect">' not in page.text
    answer = portal.post(f"connections/{account}/disconnect", csrf=portal.csrf())
    assert answer.status_code == 400
    assert len(people.accounts(ada.user_id)) == 1


def test_lk_04_the_last_that_can_sign_in_stays(people: People, rich: SignedIn, portal: Portal):
    """LK-04: an account that is for connecting only, or whose provider is off, lets nobody in, so the other one stays."""
    account = of(people, rich, "stub")
    for change in ({}, {"sign_in": False}):
        with people.switched_off("other", **change):
            assert "last account" in main_of(portal.get(f"connections/{account}/disconnect"))
            assert portal.post(f"connections/{account}/disconnect", csrf=portal.csrf()).status_code == 400
    assert len(people.accounts(rich.user_id)) == 2


def test_lk_04_disconnecting_takes_a_fresh_sign_in(people: People, rich: SignedIn, portal: Portal):
    """LK-04: ten minutes after the sign-in the page asks for another, then goes on; the form alone does nothing."""
    account = of(people, rich, "other")
    page = portal.get(f"connections/{account}/disconnect")
    age(portal, signed_in_at=601)
    assert heading(portal.press(page, "Disconnect Other")) == "Sign in again"
    assert len(people.accounts(rich.user_id)) == 2
    asked = portal.get(f"connections/{account}/disconnect")
    assert heading(asked) == "Sign in again"
    back = portal.press(asked, "Continue with Stub")
    assert heading(back) == "Disconnect Other?"
    portal.press(back, "Disconnect Other")
    assert len(people.accounts(rich.user_id)) == 1


def test_the_provider_asks_anew(people: People, portal: Portal):
    """To confirm, the provider is told to ask for the person rather than to take whoever is signed in there."""
    people.tell("ada")
    portal.press(portal.get("confirm"), "Continue with Stub")
    assert people.provider.asked("/authorize")[-1]["prompt"] == "login"


def test_deleting(people: People, rich: SignedIn, portal: Portal):
    """The page names what goes; then nothing of the user is left, no session lives, and the last page says so."""
    page = portal.get("delete")
    shown = main_of(page)
    assert people.address in shown
    assert "Your connection to Other" in shown
    assert "Your session, in one app" in shown
    done = portal.press(page, "Delete my account", sure="1")
    assert heading(done) == "Your account is deleted"
    assert "no provider holds any access" in main_of(done)
    assert people.broker.admin("GET", f"/v1/users/{rich.user_id}").status_code == 404
    assert rich.me().status_code == 401
    assert heading(portal.get()) == "Sign in to your account"
    left = [
        key
        for key in keys(people.broker, f"*{{{rich.user_id}}}*")
        if not key.startswith((b"outbox:", b"gone:", b"code:", b"session:", b"account_session:"))
    ]
    assert left == []
    assert events(people.broker, rich.user_id, "user.deleted")[0]["actor"] == "user"


def test_deleting_takes_the_box(people: People, ada: SignedIn, portal: Portal):
    """Without the ticked box nothing is deleted."""
    answer = portal.press(portal.get("delete"), "Delete my account")
    assert answer.status_code == 400
    assert ada.me().status_code == 200


def test_deleting_takes_a_fresh_sign_in(people: People, ada: SignedIn, portal: Portal):
    """LK-04: ten minutes after the sign-in neither the page nor its form deletes; after another one they do."""
    page = portal.get("delete")
    age(portal, signed_in_at=601)
    assert heading(portal.press(page, "Delete my account", sure="1")) == "Sign in again"
    asked = portal.get("delete")
    assert heading(asked) == "Sign in again"
    people.tell("ada")
    again = portal.press(asked, "Continue with Stub")
    assert heading(again) == "Delete your account?"
    assert heading(portal.press(again, "Delete my account", sure="1")) == "Your account is deleted"
    assert ada.me().status_code == 401


def test_deleting_tells_what_became_of_it(people: People, ada: SignedIn, portal: Portal):
    """Where a provider did not answer, the last page says so; it shows no words of its address."""
    people.provider.answers["/revoke"] = answer_json({}, 503)
    done = portal.press(portal.get("delete"), "Delete my account", sure="1")
    assert "did not answer" in main_of(done)
    assert "evil" not in portal.get("deleted?revocation=evil").text


def test_rt_09_sessions(people: People, ada: SignedIn, portal: Portal):
    """RT-09: every app's session and every browser is listed, where one came from is marked, and each can be ended."""
    elsewhere, browser = people.sign_in("ada"), come_in(people, "ada")
    page = portal.get("sessions")
    shown = main_of(page)
    assert shown.count("Default app") == 2
    assert shown.count("You came from here") == 1
    assert shown.count("Another browser") == 1
    (mine,) = re.findall(r"You are here.*?name=\"session\" value=\"([0-9a-f]{64})\"", page.text, re.DOTALL)
    listed = set(re.findall(r"name=\"session\" value=\"([^\"]+)\"", page.text))
    (other,) = {each for each in listed if not each.startswith("sess_")} - {mine}
    assert listed == {ada.claims["sid"], elsewhere.claims["sid"], mine, other}
    for ended in (elsewhere.claims["sid"], other):
        portal.post("sessions/end", csrf=portal.csrf(), session=ended)
    assert [each.me().status_code for each in (ada, elsewhere)] == [200, 401]
    assert heading(browser.get()) == "Sign in to your account"
    left = portal.get("sessions")
    assert main_of(left).count("Default app") == 1
    portal.press(left, "End")
    assert ada.me().status_code == 401
    assert heading(portal.get()) == "Sign in to your account"


def test_nobody_elses_session(people: People, ada: SignedIn, portal: Portal):
    """RT-09: naming another user's session, of an app or of a browser, ends nothing."""
    eve = stranger(people)
    theirs = open_portal(eve)
    (key,) = session_keys(theirs)
    mark = key.rpartition(":")[2]
    for named in (eve.claims["sid"], mark, "sess_x", "x" * 64):
        portal.post("sessions/end", csrf=portal.csrf(), session=named)
    assert eve.me().status_code == 200
    assert heading(theirs.get()) == "Profile"


def test_sign_out_everywhere(people: People, ada: SignedIn, portal: Portal):
    """Every app and every browser is out, this one too; other people are not."""
    elsewhere, browser = people.sign_in("ada"), come_in(people, "ada")
    eve = stranger(people)
    done = portal.press(portal.get("sessions"), "Sign out everywhere")
    assert notice(done) == "You are signed out."
    assert [each.me().status_code for each in (ada, elsewhere, eve)] == [401, 401, 200]
    for each in (portal, browser):
        assert heading(each.get()) == "Sign in to your account"
    assert events(people.broker, ada.user_id, "session.revoked")[0]["actor"] == "user"
