"""The allowlist in the dashboard: entries, why an address was refused, and which were refused lately."""

import re
import secrets

import pytest

from tests.broker.dashboard.conftest import Desk, text_of
from tests.conftest import HTTPS_REDIRECT
from tests.phone import Phone
from tests.running import RunningBroker

HOSTILE = "https://evil.example/<script>alert(1)</script>\"'onclick=x"


def entry_id(broker: RunningBroker, url: str) -> str:
    entries = broker.admin("GET", "/v1/redirect_urls?limit=100").json()
    (found,) = [each["id"] for each in entries if each["url"] == url]
    return str(found)


def ask(broker: RunningBroker, redirect_uri: str, client_id: str = "default") -> None:
    """An app asks for an address that no entry allows."""
    with_it = {"client_id": client_id, "redirect_uri": redirect_uri, "provider": "stub"}
    assert broker.get("/authorize", params=with_it).status_code == 400


def test_an_entry_is_added_changed_and_removed(desk: Desk, phone: Phone):
    """An address added here is one that apps are sent to, and one removed here is not."""
    url = f"https://app.example.com/{secrets.token_hex(4)}"
    form = {"client_id": "default", "url": url, "label": "The shop's app"}
    assert "is on the allowlist" in desk.done("/dashboard/allowlist/new", form)
    assert phone.authorize(redirect_uri=url).status_code == 303
    identifier = entry_id(desk.broker, url)
    page = f"/dashboard/allowlist/entries/{identifier}"
    assert "The shop's app" in text_of(desk.get(page))
    desk.done(page, {"label": "Another label", "dev": "1"})
    told = desk.broker.admin("GET", f"/v1/redirect_urls/{identifier}").json()
    assert (told["label"], told["dev"], told["url"]) == ("Another label", True, url)
    assert "is off the allowlist" in desk.done(f"{page}/delete")
    assert phone.authorize(redirect_uri=url).status_code == 400
    assert desk.get(page).status_code == 404


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"url": "https://*.example.com/cb"}, "*"),
        ({"url": "javascript:alert(1)"}, "javascript"),
        ({"url": "http://app.example.com/cb"}, "http"),
        ({"url": HTTPS_REDIRECT}, "already on the list"),
        ({"url": "https://app.example.com/new", "client_id": "nobody"}, "no client has this id"),
        ({"url": "exp://127.0.0.1:8081"}, "development"),
    ],
)
def test_the_reason_stands_at_the_field(desk: Desk, form: dict[str, str], words: str):
    """An address that may not stand on the list is refused inline, with the API's own reason, and is still in the form."""
    answer = desk.post("/dashboard/allowlist/new", {"client_id": "default", "label": "", **form})
    assert answer.status_code == 422
    reasons = re.findall(r'<span class="wrong"[^>]*>(.*?)</span>', answer.text)
    assert len(reasons) == 1
    assert words in reasons[0]
    assert f'value="{form["url"]}"' in answer.text


def test_why_an_address_is_refused(desk: Desk):
    """The tester names the nearest entry and the one reason, and changes nothing; an address that is allowed, its entry."""
    shown = text_of(desk.get("/dashboard/allowlist/test?client=default&url=https://app.example.com/cb/"))
    assert "Refused" in shown
    assert "trailing slash" in shown
    assert HTTPS_REDIRECT in shown
    shown = text_of(desk.get(f"/dashboard/allowlist/test?client=default&url={HTTPS_REDIRECT}"))
    assert "Allowed" in shown
    assert "Matched entry" in shown


def test_a_refusal_is_found_and_allowed(desk: Desk, phone: Phone):
    """An address that was refused is in the list with client, count and reason; its review fills the form, and once it is
    added it is allowed and off that list."""
    url = f"com.example.app:/refused/{secrets.token_hex(4)}"
    ask(desk.broker, url)
    ask(desk.broker, url)
    page = desk.get("/dashboard/allowlist/refused")
    shown = text_of(page)
    assert url in shown
    item = shown[shown.index(url) :]
    assert item.startswith(f"{url} Asked for by Default app , 2 times.")
    assert "the path is" in item
    assert "Nearest entry: com.example.app:/oauth" in item
    link = re.search(
        rf'href="(/dashboard/allowlist/new\?refusal=[0-9a-f]+)" aria-label="Review {url}"', page.text
    )
    assert link
    review = desk.get(link[1])
    assert f'name="url" value="{url}"' in review.text
    assert "Anybody can ask for any address" in text_of(review)
    form = {"client_id": "default", "url": url, "label": "", "refusal": link[1].rpartition("=")[2]}
    desk.done("/dashboard/allowlist/new", form)
    assert phone.authorize(redirect_uri=url).status_code == 303
    assert url not in text_of(desk.get("/dashboard/allowlist/refused"))
    desk.done(f"/dashboard/allowlist/entries/{entry_id(desk.broker, url)}/delete")


def test_a_refusal_is_forgotten(desk: Desk):
    """A refusal that is no use is taken off the list."""
    url = f"com.example.app:/forgotten/{secrets.token_hex(4)}"
    ask(desk.broker, url)
    page = desk.get("/dashboard/allowlist/refused").text
    label = rf'<button[^>]*aria-label="Forget {url}"'
    action = re.search(rf'action="([^"]*/forget)"><input[^>]*>{label}', page)
    assert action
    desk.done(action[1])
    assert url not in text_of(desk.get("/dashboard/allowlist/refused"))


def test_what_was_refused_is_text(desk: Desk):
    """A hostile address, and a client id that is no id, are shown as text and lead nowhere."""
    ask(desk.broker, HOSTILE)
    ask(desk.broker, "https://evil.example/", "<b>nobody</b>")
    shown = desk.get("/dashboard/allowlist/refused")
    assert HOSTILE in text_of(shown)
    assert "<script>alert" not in shown.text
    assert "<b>nobody" not in shown.text
    assert 'href="https://evil' not in shown.text
    tested = desk.get("/dashboard/allowlist/test").text
    assert "<script>alert" not in tested
    for query in ("?url=%3Cscript%3Ealert(1)%3C/script%3E", "?client=%3Cb%3E&url=x", "/../refused?x=%3Cb%3E"):
        assert "<script>alert" not in desk.get(f"/dashboard/allowlist/test{query}").text


def test_a_long_address_is_cut(desk: Desk):
    """Of an address as long as it may be asked for, 1,024 characters are kept."""
    url = "https://app.example.com/" + "x" * 2500
    ask(desk.broker, url)
    shown = desk.get("/dashboard/allowlist/refused").text
    assert url[:1024] in shown
    assert url[:1025] not in shown


def test_entries_of_one_client(desk: Desk):
    """The list shows all entries, or those of one client."""
    client = desk.broker.make_client(name="Apart")
    desk.broker.allow("com.example.apart:/cb", client["client_id"])
    assert "com.example.apart:/cb" in text_of(desk.get("/dashboard/allowlist"))
    own = text_of(desk.get(f"/dashboard/allowlist?client={client['client_id']}"))
    assert "com.example.apart:/cb" in own
    assert HTTPS_REDIRECT not in own
    desk.broker.admin("DELETE", f"/v1/clients/{client['client_id']}")
