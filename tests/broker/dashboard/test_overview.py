"""The overview: counters as tiles, charts and tables that agree."""

import re
import time

import httpx2
import pytest

from broker.dashboard.chart import HEIGHT, LEAST, Value, chart
from broker.pages.moment import brief
from broker.pages.words import ENGLISH, Words
from tests.broker.dashboard.conftest import Desk, cancel, text_of
from tests.phone import Phone


def number_of(page: httpx2.Response, word: str) -> int:
    """What the tile with this word shows."""
    found = re.search(rf"<b>([\d,]+)</b> {word}</p>", page.text)
    assert found, text_of(page)
    return int(found[1].replace(",", ""))


@pytest.mark.parametrize("period", ["day", "week"])
def test_counted(desk: Desk, phone: Phone, period: str):
    """A sign-in, a failure and a token read are counted once each, in the tile and in the table of failures."""
    path, words = f"/dashboard/overview?period={period}", ("Sign-ins", "Failed sign-ins", "Token reads")
    time.sleep(1)
    before = [number_of(desk.get(path), word) for word in words]
    user_id = phone.userinfo(phone.sign_in()["access_token"]).json()["sub"]
    phone.broker.admin("GET", f"/v1/users/{user_id}/oauth_access_tokens/stub")
    cancel(phone)
    time.sleep(1)
    shown = desk.get(path)
    assert [number_of(shown, word) for word in words] == [number + 1 for number in before]
    assert "The person cancelled at the provider." in text_of(shown)
    assert "<svg" in shown.text
    table = re.search(r"<tbody>(.*?)</tbody>", shown.text, re.DOTALL)
    assert table
    assert table[1].count("<tr>") == {"day": 24, "week": 7}[period]


def test_a_strange_period(desk: Desk):
    """A period that there is not is the day."""
    assert desk.get("/dashboard/overview?period=<script>").status_code == 200


def test_bars():
    """The highest place fills the chart, the bad stands on the good, what happened once is seen, and nothing is no bar."""
    drawn = chart([Value(0, 1000, 1), Value(1, 0, 0), Value(2, 0, 1)])
    assert drawn.highest == 1001
    assert [bar.kind for bar in drawn.bars] == ["good", "bad", "bad"]
    good, bad, alone = drawn.bars
    assert bad.y + bad.height == pytest.approx(good.y, abs=0.2)
    assert bad.height == alone.height == LEAST
    assert good.y + good.height == pytest.approx(HEIGHT, abs=0.2)
    assert min(bar.y for bar in drawn.bars) >= 0
    assert chart([]).bars == []


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (0, "just now"),
        (1, "1 second ago"),
        (59, "59 seconds ago"),
        (60, "a minute ago"),
        (-7_201, "in 2 hours"),
    ],
)
def test_brief(age: int, words: str):
    """A time in a list is told to the second, before and after, with the absolute one for who points at it."""
    at = time.time() - age
    told = brief(at, Words(ENGLISH))
    assert told.endswith(f">{words}</time>")
    assert 'title="' in told
