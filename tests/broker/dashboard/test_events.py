"""The audit log in the dashboard: filtered, and leafed through without a gap."""

import re
import time

from tests.broker.dashboard.conftest import Desk, text_of
from tests.running import RunningBroker


def made(broker: RunningBroker, number: int) -> None:
    """That many changes of a client."""
    client_id = broker.make_client(name="Audited")["client_id"]
    for _ in range(number):
        broker.admin("PATCH", f"/v1/clients/{client_id}", {"name": "Audited"})


def cursors(page: str, name: str) -> str | None:
    found = re.search(rf"(?:&amp;|\?){name}=([0-9]+-[0-9]+)", page)
    return found[1] if found else None


def test_filtered(desk: Desk, broker: RunningBroker):
    """By type alone those of the type, with who did it and what it is about."""
    made(broker, 1)
    shown = desk.get("/dashboard/events?type=client.updated").text
    assert set(re.findall(r'<th scope="row" class="whole"><code>([^<]*)</code>', shown)) == {"client.updated"}
    assert "env:1" in shown
    assert "Nothing that fits." in text_of(desk.get("/dashboard/events?type=client.exploded"))
    assert "Nothing that fits." in text_of(desk.get("/dashboard/events?user_id=user_nobody"))
    assert desk.get("/dashboard/events?before=yesterday").status_code == 422


def test_leafed_through(desk: Desk, broker: RunningBroker):
    """Fifty stand on a page; to older ones and back again one sees the same, and nothing twice."""
    made(broker, 60)
    time.sleep(0.1)
    path = "/dashboard/events?type=client.updated"
    first = desk.get(path).text
    assert first.count('<th scope="row"') == 50
    assert cursors(first, "after") is None
    older = cursors(first, "before")
    second = desk.get(f"{path}&before={older}").text
    newer = cursors(second, "after")
    assert newer
    back = desk.get(f"{path}&after={newer}").text
    assert times(back) == times(first)
    assert cursors(back, "before") == older


def times(page: str) -> list[str]:
    """What the log's rows hold, without how long ago it was."""
    return re.findall(r"<tr>(.*?)<span class=\"fine\">", page, re.DOTALL)
