"""The dashboard's inspector, overview, users, webhooks and audit log in a real browser: what a person sees and presses."""

import time
from collections.abc import Iterator

import msgspec
import pytest
from playwright.sync_api import Browser, Page, expect
from redis import Redis

from broker.core.opaque import new_flow_id
from broker.core.webhooks import Delivery
from tests.browser.judge import judge
from tests.cli.command import DevelopmentBroker, development_broker

pytestmark = pytest.mark.xdist_group("looks")  # one worker, one Chromium


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevelopmentBroker]:
    """A broker of this module's own, so that its overview counts nobody else's sign-ins. Its simulated people have one
    address at every provider, and whether they are one person is not asked here."""
    with development_broker(tmp_path_factory.mktemp("desk") / "data", ACCOUNT_LINKING="off") as running:
        yield running


def sign_in(page: Page, desk: DevelopmentBroker, place: str) -> None:
    """To the dashboard, with the key that `broker dev` printed."""
    page.goto(f"{desk.ready['issuer']}/dashboard/{place}")
    if page.get_by_label("Secret key").is_visible():
        page.get_by_label("Secret key").fill(desk.ready["secret_key"])
        page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{desk.ready['issuer']}/dashboard/{place}")


def use_the_app(page: Page, desk: DevelopmentBroker, provider: str = "Apple") -> None:
    """A whole sign-in from the start page, in another tab."""
    tab = page.context.new_page()
    tab.goto(desk.ready["issuer"] + "/")
    tab.get_by_role("button", name=f"Sign in with {provider}").click()
    tab.get_by_role("button", name="Sign in", exact=True).click()
    expect(tab.get_by_role("heading", level=1)).not_to_contain_text("Sign in to")
    if tab.get_by_role("button", name="Continue", exact=True).is_visible():
        tab.get_by_role("button", name="Continue", exact=True).click()
    tab.get_by_role("button").click()
    expect(tab.get_by_text("The app is signed in.")).to_be_visible()
    tab.close()


def note(desk: DevelopmentBroker, began: float, *steps: tuple[str, float], **about: str) -> str:
    """A flow as another process would have told it, at a second of the past."""
    flow = new_flow_id(int(began * 1000))
    more = "".join(f',"{name}":"{value}"' for name, value in about.items())
    with Redis.from_url(redis_of(desk)) as redis:
        for name, after in steps:
            at = int((began + after) * 1000)
            redis.xadd("flows", {"step": f'{{"flow":"{flow}","name":"{name}","at":{at}{more}}}'})
    return flow


def redis_of(desk: DevelopmentBroker) -> str:
    (socket,) = [
        each.laddr for each in desk.valkey().net_connections("unix") if each.laddr and "@" not in each.laddr
    ][:1]
    return f"unix://{socket}"


def test_a_lost_deep_link(page: Page, desk: DevelopmentBroker):
    """A code that nobody exchanged shows in the list as lost, and its page says what to do."""
    began = time.time() - 65
    steps = (("started", 0.0), ("at_provider", 0.01), ("back", 3.2), ("code_handed_out", 3.4))
    about = {"client_id": "default", "provider": "google", "target": "com.example.app://"}
    flow = note(desk, began, *steps, **about)
    sign_in(page, desk, "flows")
    row = page.get_by_role("listitem").filter(has=page.locator(f"a[href$='{flow}']"))
    expect(row).to_contain_text("Code handed out, never exchanged: the deep link was lost.")
    row.get_by_role("link").click()
    expect(page.get_by_role("status")).to_contain_text("does not register com.example.app://")
    expect(page.get_by_role("main")).to_contain_text("com.example.app://")


def test_a_live_page(page: Page, desk: DevelopmentBroker):
    """A sign-in appears by itself in a list that is open, step by step; a paused one stays as it is until one goes on."""
    sign_in(page, desk, "flows")
    rows = page.locator(".flow-row")
    before = rows.count()
    page.evaluate("window.same = true")
    use_the_app(page, desk)
    expect(rows).to_have_count(before + 1)
    expect(rows.first).to_contain_text("Code exchanged")
    assert page.evaluate("window.same"), "the page was loaded anew"
    page.get_by_role("link", name="Pause").click()
    expect(page.get_by_text("Paused")).to_be_visible()
    use_the_app(page, desk, "GitHub")
    page.wait_for_timeout(3000)
    expect(rows).to_have_count(before + 1)
    page.get_by_role("link", name="Go on").click()
    expect(rows).to_have_count(before + 2)


def test_without_script(chromium: Browser, desk: DevelopmentBroker):
    """Without script the list is read anew by a link, and everything else works as it is."""
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, desk, "flows")
    page.get_by_role("link", name="Reload").click()
    expect(page.get_by_role("heading", name="Flows")).to_be_visible()
    page.get_by_label("Outcome").select_option("done")
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(f"{desk.ready['issuer']}/dashboard/flows?client=&provider=&outcome=done")
    context.close()


def test_looks(window: tuple[Page, str], desk: DevelopmentBroker):
    """Every page here, on a phone and on a desktop, by day and by night, holds to the rules."""
    page, kind = window
    prepare(page, desk)
    sign_in(page, desk, "overview")
    page.get_by_text("The same as a table").first.click()
    judge(page, f"dashboard-overview-{kind}")
    page.goto(f"{desk.ready['issuer']}/dashboard/overview?period=week")
    judge(page, f"dashboard-overview-week-{kind}")
    sign_in(page, desk, "flows")
    judge(page, f"dashboard-flows-{kind}")
    page.locator(".flow-row", has_text="Lost").first.get_by_role("link").click()
    judge(page, f"dashboard-flow-lost-{kind}")
    page.goto(f"{desk.ready['issuer']}/dashboard/flows?outcome=done")
    page.locator(".flow-row").first.get_by_role("link").click()
    judge(page, f"dashboard-flow-done-{kind}")
    sign_in(page, desk, "users")
    judge(page, f"dashboard-users-{kind}")
    page.locator("tbody").get_by_role("link").first.click()
    page.get_by_text("Details and actions").first.click()
    judge(page, f"dashboard-user-{kind}")
    page.get_by_role("link", name="Delete this user").click()
    judge(page, f"dashboard-user-delete-{kind}")
    sign_in(page, desk, "webhooks")
    judge(page, f"dashboard-webhooks-{kind}")
    page.locator("main").get_by_role("listitem").first.get_by_role("link").click()
    page.get_by_text("Edit", exact=True).click()
    judge(page, f"dashboard-webhook-{kind}")
    page.goto(f"{desk.ready['issuer']}/dashboard/webhooks/new")
    judge(page, f"dashboard-webhook-new-{kind}")
    sign_in(page, desk, "events")
    judge(page, f"dashboard-events-{kind}")


def prepare(page: Page, desk: DevelopmentBroker) -> None:
    """Once: people, flows of every outcome, a day of counters, and an endpoint with a dead letter."""
    if desk.admin("GET", "/v1/webhooks").json():
        return
    for provider in ("Apple", "GitHub", "Google"):
        use_the_app(page, desk, provider)
    now = time.time()
    about = {"client_id": "default", "provider": "google", "target": "com.example.app://"}
    note(desk, now - 80, ("started", 0), ("at_provider", 0.1), ("back", 9), ("code_handed_out", 9.2), **about)
    note(desk, now - 20, ("started", 0), ("at_provider", 0.1), **about)
    note(desk, now - 30, ("started", 0), ("died", 4), **{**about, "reason": "cancelled"})
    with Redis.from_url(redis_of(desk)) as redis:
        for back in range(1, 8 * 24):
            key = time.strftime("tally:{%Y%m%d%H}", time.gmtime(now - back * 3600))
            busy = (back * 7) % 24
            counts = {"signed_in:google:": busy * 9, "signed_in:apple:": busy * 4, "token_read:google:": busy}
            wrong = {"failed:google:cancelled": busy // 5, "failed:apple:browser_mismatch": back % 2}
            refreshed = {"refreshed:google:": busy * 3, "refresh_failed:google:invalid_grant": busy // 9}
            redis.hset(key, mapping={**counts, **wrong, **refreshed})
    body = {"url": "https://api.example.com/hooks/broker", "description": "Billing"}
    made = desk.admin("POST", "/v1/webhooks", body).json()
    letter = Delivery(
        event_id="evt_0",
        event_type="user.deleted",
        created_at=int(now),
        body='{"type":"user.deleted"}',
        attempts=10,
        last_outcome="status 503",
    )
    with Redis.from_url(redis_of(desk)) as redis:
        redis.zadd(f"dead_letters:{{{made['id']}}}", {"evt_0": now})
        redis.hset(f"delivery_records:{{{made['id']}}}", "evt_0", msgspec.json.encode(letter))
