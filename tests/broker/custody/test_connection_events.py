"""What is told of a connection: each thing that happens to it once, whoever asked and however many."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tests.broker.custody.conftest import Holder, MakeHolder
from tests.provider_stub import ProviderStub, answer_json


def told(holder: Holder, wanted: int) -> Counter[str]:
    """How often each event of the holder's connection stands in the audit log, once there are `wanted` of them."""
    latest = time.monotonic() + 10
    while time.monotonic() < latest:
        events = holder.broker.admin("GET", f"/v1/events?user_id={holder.user_id}&limit=100").json()
        found = [each for each in events if each["type"].startswith("connection.")]
        if len(found) >= wanted:
            break
        time.sleep(0.1)
    assert {each["data"]["provider"] for each in found} == {holder.provider}
    assert {each["data"]["external_account_id"] for each in found} == {holder.account()["id"]}
    return Counter(each["type"] for each in found)


def test_refreshed_and_lost_are_told_once(make_holder: MakeHolder, provider: ProviderStub):
    """Fifty readers of one expired token are one `connection.refreshed`; a refusal that fifty meet is one
    `connection.needs_reconnect`."""
    provider.refresh_delay = 0.2
    holder = make_holder(expires_in=0)
    provider.lifetime = 0  # the new token is over at once, too
    with ThreadPoolExecutor(50) as crowd:
        list(crowd.map(lambda _: holder.ask(), range(50)))
    refreshed = provider.refreshed
    provider.answers["/token"] = answer_json({"error": "invalid_grant"}, 400)
    with ThreadPoolExecutor(50) as crowd:
        list(crowd.map(lambda _: holder.ask(), range(50)))
    assert told(holder, refreshed + 2) == {
        "connection.created": 1,
        "connection.refreshed": refreshed,
        "connection.needs_reconnect": 1,
    }


def test_given_back_is_told_once(make_holder: MakeHolder):
    """Tokens that are given back are one `connection.revoked`; to ask for it again is none."""
    holder = make_holder()
    for _ in range(2):
        holder.broker.admin("DELETE", f"{holder.path}/external_accounts/{holder.account()['id']}/tokens")
    assert told(holder, 2) == {"connection.created": 1, "connection.revoked": 1}
