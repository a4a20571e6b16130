"""Who may become a user, and how strict linking is: each setting at a broker of its own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.accounts.people import ASKED, MISSING, People, connect, finish, keys
from tests.accounts.test_authoritative import come
from tests.conftest import HTTPS_REDIRECT
from tests.conftest import connect as configure
from tests.phone import Landing
from tests.provider_stub import ProviderStub
from tests.running import running_broker
from tests.valkey import running_valkey

Town = Callable[..., People]
STORED = (
    "identity:*",
    "user:*",
    "accounts:*",
    "grant:*",
    "emails:*",
    "email:*",
    "code:*",
    "proof:*",
    "return:*",
)


@pytest.fixture
def town_with(provider: ProviderStub) -> Iterator[Town]:
    """`town_with(SIGN_UP="closed", ...)`: people at a broker that has these settings. All of a test share one memory."""
    with ExitStack() as stack:
        url = stack.enter_context(running_valkey())

        def start(**settings: str) -> People:
            running = stack.enter_context(running_broker(url, **settings))
            for provider_id in ("stub", "other"):
                configure(running, provider, provider_id)
            if running.admin("GET", "/v1/redirect_urls").json() == []:
                running.allow(HTTPS_REDIRECT)
            people = People(running, provider)
            stack.callback(people.close)
            return people

        yield start


def refused(people: People, landing: Landing, words: str) -> None:
    """The app is told why, and nothing is stored."""
    assert landing["error"] == "access_denied"
    assert words in landing["error_description"]
    assert landing["iss"] == people.broker.issuer
    assert "code" not in landing.parameters


def moved(people: People, to: People) -> People:
    """The same people, at another broker."""
    return People(to.broker, to.provider, to.browsers, people.address)


def stored(people: People) -> list[list[bytes]]:
    return [keys(people.broker, kind) for kind in STORED]


def test_closed(town_with: Town):
    """Closed: nobody new comes in and nothing is stored of them; who is here signs in, connects, and is linked by proof."""
    before = town_with()
    ada = before.sign_in("ada")
    people = moved(before, town_with(SIGN_UP="closed"))
    empty = stored(people)
    refused(people, people.come("new", email=f"new-{people.address}"), "new accounts are not taken here")
    assert stored(people) == empty
    again = people.sign_in("ada")
    assert again.user_id == ada.user_id
    connect(people, again, "connected", email=f"c-{people.address}")
    phone, page = people.asked("linked", "other")
    assert "Keep them apart" not in page.text
    people.tell("ada")
    assert finish(phone, phone.press(page, "Continue with stub")).user_id == ada.user_id


def test_closed_and_no_way_in(town_with: Town):
    """Closed, and the old user's way in is switched off: nobody is shown a page without a button."""
    before = town_with()
    before.sign_in("ada")
    people = moved(before, town_with(SIGN_UP="closed"))
    with people.switched_off("stub"):
        refused(people, people.come("ada-too", "other"), "its way to sign in is switched off")


def test_closed_apart_by_force(town_with: Town):
    """Closed: a form that says apart, though the page had no such button, is refused and makes nobody."""
    before = town_with()
    before.sign_in("ada")
    people = moved(before, town_with(SIGN_UP="closed"))
    phone, page = people.asked("ada-too", "other")
    flow = page.text.partition('name="flow" value="')[2][:43]
    answer = phone.browser.post(f"{people.broker.address}/prove", data={"flow": flow, "apart": "1"})
    refused(people, phone.follow(answer), "new accounts are not taken here")
    assert len(people.users()) == 1


LISTED = {
    "its domain": ("ada@corp.example", True, True),
    "its domain in other case": ("Ada@CORP.Example", True, True),
    "itself": ("guest@elsewhere.example", True, True),
    "another of that domain": ("other@elsewhere.example", True, False),
    "below the domain": ("ada@sub.corp.example", True, False),
    "behind the domain": ("ada@corp.example.evil.example", True, False),
    "two at": ("ada@evil.example@corp.example", True, False),
    "homograph": ("ada@c\u043erp.example", True, False),
    "unverified": ("ada@corp.example", False, False),
    "not said": ("ada@corp.example", MISSING, False),
}


def test_restricted(town_with: Town):
    """Restricted: a verified address on the list, or of a domain on it, may come in; every other is refused."""
    people = town_with(SIGN_UP="restricted", SIGN_UP_ALLOWED="corp.example, Guest@Elsewhere.example")
    for number, (email, verified, welcome) in enumerate(LISTED.values()):
        before = stored(people)
        landing = people.come(f"n{number}", email=email, email_verified=verified)
        if welcome:
            assert landing["code"], email
            known = people.sign_in(
                f"n{number}", email=email
            )  # so that no later one of the same address meets it
            people.broker.admin("DELETE", f"/v1/users/{known.user_id}")
        else:
            refused(people, landing, "not invited here")
            assert stored(people) == before, email


def test_restricted_without_an_address(town_with: Town):
    """Restricted: who has no address is on no list."""
    people = town_with(SIGN_UP="restricted", SIGN_UP_ALLOWED="corp.example")
    people.provider.userinfo = lambda said: {"sub": said["sub"]}
    refused(people, people.come("nobody", email=MISSING), "not invited here")


def test_sub_addresses(town_with: Town):
    """Blocked sub-addresses keep new users out; who is here with one stays, and may connect one."""
    before = town_with()
    before.address = before.address.replace("@", "+1@")
    plus = before.sign_in("ada")
    people = moved(before, town_with(BLOCK_SUBADDRESSES="1"))
    assert people.sign_in("ada").user_id == plus.user_id
    for number, mark in enumerate("+=#"):
        before_it = stored(people)
        landing = people.come(f"m{number}", email=f"m{number}{mark}x@example.com")
        refused(people, landing, "use the plain address")
        assert stored(people) == before_it
    plain = people.sign_in("plain", email="plain.name-1@example.com")
    connect(people, plain, "second", email="plain+2@example.com")


def test_linking_always_by_proof():
    """Linking `prove`: even an authoritative provider joins nobody by itself; Google is asked as any other."""
    settings = {"SIMULATED_PROVIDERS": "1", "ACCOUNT_LINKING": "prove"}
    with running_valkey() as url, running_broker(url, **settings) as broker:
        broker.allow(HTTPS_REDIRECT)
        user_id, _ = come(broker, "github", "ada@gmail.com")
        nobody, page = come(broker, "google", "ada@gmail.com")
    assert user_id is not None
    assert (nobody, ASKED in page) == (None, True)


def test_linking_off(town_with: Town):
    """Linking `off`: an address means nothing, and whoever is unknown is a new user without being asked."""
    people = town_with(ACCOUNT_LINKING="off")
    ada = people.sign_in("ada")
    assert people.sign_in("ada-too", "other").user_id != ada.user_id
    assert len(people.users()) == 2
