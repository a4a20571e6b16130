"""The inspector: each flow's steps as they happened, what became of it, and nothing that could be used."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest
from redis import Redis

from broker.core.flows import FINISHED, WAITING, Reason
from broker.core.opaque import new_flow_id
from broker.pages.words import ENGLISH, languages
from tests.broker.dashboard.conftest import Desk, cancel, make_key, text_of
from tests.conftest import HTTPS_REDIRECT, SCHEME_REDIRECT
from tests.phone import Phone
from tests.provider_stub import ProviderStub
from tests.running import LOCAL, RunningBroker


@contextmanager
def own_app(broker: RunningBroker, name: str, redirect_uri: str = HTTPS_REDIRECT) -> Iterator[Phone]:
    """A client of the test's own, so that the list can be asked for its flows alone."""
    client_id = broker.make_client(name=name)["client_id"]
    broker.allow(redirect_uri, client_id)
    with httpx2.Client(follow_redirects=False, **LOCAL) as browser:
        yield Phone(broker, client_id, redirect_uri, browser=browser)


@pytest.fixture
def app(broker: RunningBroker, provider: ProviderStub) -> Iterator[Phone]:
    with own_app(broker, "Flow app") as phone:
        yield phone


def steps_of(desk: Desk, phone: Phone, words: str = "") -> list[list[str]]:
    """The steps of each of the app's flows, the newest first, once `words` are to be read."""
    for _ in range(40):
        shown = desk.get(f"/dashboard/flows?client={phone.client_id}")
        assert shown.status_code == 200, text_of(shown)
        lists = re.findall(r'<ol class="steps">(.*?)</ol>', shown.text, re.DOTALL)
        if lists and words in text_of(shown):
            return [re.findall(r"<li[^>]*>(.*?)</li>", each) for each in lists]
        time.sleep(0.1)
    raise AssertionError(text_of(shown))


def first_flow(desk: Desk, phone: Phone) -> str:
    """Where the newest flow's own page is."""
    shown = desk.get(f"/dashboard/flows?client={phone.client_id}")
    found = re.search(r'href="(/dashboard/flows/flow_[0-9a-f]{24})"', shown.text)
    assert found, text_of(shown)
    return found[1]


def test_a_sign_in(desk: Desk, app: Phone):
    """A sign-in is told from its start to the exchange, with app, provider, place and user."""
    app.sign_in()
    (steps,) = steps_of(desk, app, "Code exchanged")
    assert steps == ["Started", "At the provider", "Back", "Code handed out", "Code exchanged"]
    one = text_of(desk.get(first_flow(desk, app)))
    for words in ("Flow app", "The app has its tokens.", "app.example.com", "user_", app.client_id):
        assert words in one


def test_the_return_page(desk: Desk, broker: RunningBroker, provider: ProviderStub):
    """A flow that waits on the return page says so, and goes on when the button is pressed."""
    with own_app(broker, "Scheme app", SCHEME_REDIRECT) as app:
        page = app.follow(app.authorize()).response
        assert steps_of(desk, app, "Return page")[0][-1] == "Return page"
        app.exchange(app.press(page)["code"])
        assert steps_of(desk, app, "Code exchanged")[0][-3:] == [
            "Return page",
            "Code handed out",
            "Code exchanged",
        ]


def test_cancelled(desk: Desk, app: Phone):
    """What the provider answered stands as the flow's end, in words of ours."""
    cancel(app)
    assert steps_of(desk, app, "Ended")[0][-1] == "Ended with an error"
    assert "cancelled at the provider" in text_of(desk.get(first_flow(desk, app)))


def test_a_refused_redirect_uri(desk: Desk, app: Phone):
    """A redirect URI that is not on the list is a flow of one step, and its page leads to the allowlist."""
    app.authorize(redirect_uri="https://evil.example/<script>")
    assert steps_of(desk, app, "Ended") == [["Ended with an error"]]
    shown = desk.get(first_flow(desk, app))
    assert "not on the allowlist" in text_of(shown)
    assert 'href="/dashboard/allowlist"' in shown.text
    assert "evil.example" not in shown.text


def test_another_browser(desk: Desk, app: Phone):
    """A flow that comes back in another browser has died of that."""
    start = app.authorize()
    at_provider = app.browser.get(start.headers["location"])
    with httpx2.Client(follow_redirects=False, **LOCAL) as other:
        assert other.get(at_provider.headers["location"]).status_code == 400
    steps_of(desk, app, "Ended")
    assert "Another browser came back" in text_of(desk.get(first_flow(desk, app)))


def test_a_request_that_asks_too_much(desk: Desk, app: Phone):
    """What an app is refused before it leaves for the provider is told, with the reason."""
    app.authorize(code_challenge=None)
    steps_of(desk, app, "Ended")
    assert "request was refused" in text_of(desk.get(first_flow(desk, app)))


def test_a_misused_code(desk: Desk, app: Phone):
    """A code that is shown with the wrong verifier ends the flow, and shown twice it ends one that was complete."""
    app.exchange(app.land()["code"], code_verifier="x" * 43)
    steps_of(desk, app, "wrong proof")
    code = app.land()["code"]
    assert app.exchange(code).status_code == 200
    assert app.exchange(code).status_code == 400
    steps_of(desk, app, "shown twice")


def test_a_lost_deep_link(desk: Desk, app: Phone, broker: RunningBroker):
    """A code that nobody exchanged for a minute is told as a lost deep link, with what to do."""
    then = time.time_ns() // 1_000_000 - 61_000
    flow = new_flow_id(then)
    with Redis.from_url(broker.redis_url) as redis:
        for name in ("started", "code_handed_out"):
            step = f'{{"flow":"{flow}","name":"{name}","at":{then},"client_id":"{app.client_id}","target":"x://"}}'
            redis.xadd("flows", {"step": step})
    steps_of(desk, app, "the deep link was lost")
    one = text_of(desk.get(f"/dashboard/flows/{flow}"))
    assert "Open that address by hand" in one
    assert "Nothing has followed." in one
    lost = text_of(desk.get(f"/dashboard/flows?client={app.client_id}&outcome=lost"))
    assert "the deep link was lost" in lost
    assert "No sign-in that fits" in text_of(
        desk.get(f"/dashboard/flows?client={app.client_id}&outcome=done")
    )


def test_a_reconnection(desk: Desk, app: Phone, broker: RunningBroker):
    """A reconnect link is a flow of its own kind, without a client."""
    user_id = app.userinfo(app.sign_in()["access_token"]).json()["sub"]
    (account,) = broker.admin("GET", f"/v1/users/{user_id}/external_accounts").json()
    app.follow(app.browser.get(f"{broker.address}/reconnect/stub?account={account['id']}"))
    for _ in range(40):
        shown = text_of(desk.get("/dashboard/flows?provider=stub&outcome=done"))
        if "Reconnecting" in shown:
            break
        time.sleep(0.1)
    assert "Reconnected" in shown


def test_no_secret_is_noted(broker: RunningBroker, app: Phone):
    """Neither code, state, verifier, address nor cookie of a flow stands in what the inspector keeps."""
    landing = app.land(state="canary-state")
    app.exchange(landing["code"])
    time.sleep(1)
    with Redis.from_url(broker.redis_url) as redis:
        kept = repr(redis.xrange("flows")) + repr([redis.hgetall(key) for key in redis.keys("tally:*")])
    assert app.client_id in kept
    cookies = [cookie.value for cookie in app.browser.cookies.jar if cookie.value != app.provider]
    for secret in (landing["code"], "canary-state", app.verifier, "@example.com", HTTPS_REDIRECT, *cookies):
        assert secret
        assert secret not in kept


def test_the_list_alone(desk: Desk, app: Phone):
    """The fragment holds no page, asks on while it is live, and no longer once it is paused or a quarter of an hour old."""
    query = f"/dashboard/flows/latest?client={app.client_id}"
    live = desk.get(f"{query}&since={int(time.time())}").text
    assert "<html" not in live
    assert 'hx-trigger="every 2s"' in live
    assert "hx-trigger" not in desk.get(f"{query}&since={int(time.time())}&live=0").text
    assert "hx-trigger" not in desk.get(f"{query}&since={int(time.time()) - 901}").text


def test_what_it_takes(broker: RunningBroker, visitor: Desk):
    """Flows and the overview take `events:read`; nobody without a session sees them, and htmx is sent to sign in."""
    nobody = visitor.browser.get(visitor.url("/dashboard/flows/latest"), headers={"hx-request": "true"})
    assert (nobody.status_code, nobody.headers["hx-redirect"]) == (401, "/dashboard")
    visitor.sign_in(make_key(broker, "users:read")["secret"])
    for path in ("overview", "flows", "flows/latest", "flows/flow_" + "0" * 24, "events"):
        assert visitor.get(f"/dashboard/{path}").status_code == 403
    assert visitor.get("/dashboard/users").status_code == 200


def test_an_unknown_flow(desk: Desk):
    """A flow that there is not is a page that says so."""
    for flow in (new_flow_id(1_764_000_000_000), "nonsense", "flow_%3Cscript%3E"):
        assert desk.get(f"/dashboard/flows/{flow}").status_code == 404


@pytest.mark.parametrize(
    "word", [*Reason, *FINISHED.values(), *(word for each in WAITING.values() for word in (each[0], each[2]))]
)
def test_every_diagnosis_has_words(word: str):
    """Whatever becomes of a flow, there is a sentence that says it and one that says what to do."""
    assert languages()[ENGLISH][f"diagnosis.{word}"]
    assert languages()[ENGLISH][f"advice.{word}"]
