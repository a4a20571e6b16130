"""The account page in somebody's browser, driven by its forms and links alone."""

import re
import time
from dataclasses import dataclass
from typing import Any

import httpx2
import msgspec
import redis

from broker.core.encryption_keys import EncryptionKeys
from broker.store.sealing import Sealer
from tests.accounts.people import People, SignedIn
from tests.phone import Phone, form_of, text_of
from tests.running import LOCAL, RunningBroker, keys

COOKIE = "account"  # over loopback http; with https it has the prefix `__Host-`


@dataclass
class Portal:
    """`phone` is the browser, where the app is too."""

    phone: Phone

    @property
    def broker(self) -> RunningBroker:
        return self.phone.broker

    @property
    def held(self) -> str | None:
        return self.phone.browser.cookies.get(COOKIE)

    def get(self, place: str = "") -> httpx2.Response:
        """A page of the account, wherever that leads; the app's own address is not opened."""
        path = f"/account/{place}" if place and not place.startswith("?") else f"/account{place}"
        return self.phone.follow(self.phone.browser.get(self.broker.address + path)).response

    def press(self, page: httpx2.Response, label: str, **changes: str) -> httpx2.Response:
        """The button with this label, with its form as it stands or changed; and on, to a page."""
        action, filled = form_of(page, label)
        answer = self.phone.browser.post(action, data={**filled, **changes})
        return self.phone.follow(answer).response

    def post(self, path: str, headers: dict[str, str] | None = None, **form: str) -> httpx2.Response:
        """A form that no page of ours made; its own answer."""
        url = f"{self.broker.address}/account/{path}"
        return self.phone.browser.post(url, data=form, headers=headers or {})

    def csrf(self) -> str:
        return form_of(self.get(), "Sign out")[1]["csrf"]

    def sign_in(self, at: str = "Stub", page: httpx2.Response | None = None) -> httpx2.Response:
        return self.press(page or self.get(), f"Continue with {at}")


def ask_ticket(one: SignedIn, **form: str) -> httpx2.Response:
    url = f"{one.phone.broker.address}/account/ticket"
    return httpx2.post(url, data=form or None, headers=one.bearer, **LOCAL)


def ticket(one: SignedIn, **form: str) -> str:
    """The address that an app opens."""
    answer = ask_ticket(one, **form)
    assert answer.status_code == 200, answer.text
    assert answer.json()["expires_in"] == 60
    return str(answer.json()["url"])


def open_portal(one: SignedIn, phone: Phone | None = None, **form: str) -> Portal:
    """The page that the app opens, in its own browser or in that of another phone."""
    portal = Portal(phone or one.phone)
    page = portal.phone.follow(portal.phone.browser.get(ticket(one, **form))).response
    assert page.status_code == 200, page.text
    assert portal.held
    return portal


def come_in(people: People, subject: str, at: str = "Stub", **claims: object) -> Portal:
    """Somebody signs in at the account page itself, in a browser of their own."""
    people.tell(subject, **claims)
    portal = Portal(people.phone())
    page = portal.sign_in(at)
    assert heading(page) == "Profile", page.text
    return portal


def address_of(people: People, who: str) -> str:
    """Another address than the test's own, and than any other test's."""
    return f"{who}.{people.address}"


def stranger(people: People) -> SignedIn:
    """Another user, with an app of their own."""
    return people.sign_in("eve", email=address_of(people, "eve"))


def heading(page: httpx2.Response) -> str:
    found = re.search(r"<h1>(.*?)</h1>", page.text, re.DOTALL)
    assert found, page.text
    return text_of(found[1])


def notice(page: httpx2.Response) -> str:
    """What the page says of what just happened; nothing where it says nothing."""
    found = re.search(r'<p class="notice [a-z]+" role="[a-z]+">(.*?)</p>', page.text, re.DOTALL)
    return text_of(found[1]) if found else ""


def main_of(page: httpx2.Response) -> str:
    """The words of the page's own part."""
    return re.sub(r"\s+", " ", text_of(page.text.partition("<main")[2]))


def age(portal: Portal, **earlier: int) -> None:
    """As if these times of the page's session lay so many seconds earlier; sealed anew with the test's own ring."""
    sealer = Sealer(EncryptionKeys.parse(keys()["BROKER_ENCRYPTION_KEYS"]))
    with redis.Redis.from_url(portal.broker.redis_url) as memory:
        (key,) = session_keys(portal)
        name = f"{key}:record"
        record: dict[str, Any] = msgspec.json.decode(sealer.open(memory.hget(key, "record") or b"", name))
        changed = {field: record[field] - seconds for field, seconds in earlier.items()}
        memory.hset(key, "record", sealer.seal(msgspec.json.encode(record | changed), name))


def session_keys(portal: Portal) -> list[str]:
    """The records of this browser's session."""
    user = f"user_{(portal.held or '')[3:27]}"
    with redis.Redis.from_url(portal.broker.redis_url) as memory:
        return [key.decode() for key in memory.scan_iter(f"account_session:{{{user}}}:*", count=1000)]


def events(broker: RunningBroker, user_id: str, wanted: str) -> list[dict[str, Any]]:
    """The user's events of a type, once they are in the audit log."""
    until = time.monotonic() + 15
    while time.monotonic() < until:
        answer = broker.admin("GET", f"/v1/events?user_id={user_id}&type={wanted}").json()
        found = answer if isinstance(answer, list) else answer["data"]
        if found:
            return list(found)
        time.sleep(0.2)
    return []
