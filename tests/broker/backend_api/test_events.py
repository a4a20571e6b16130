"""`/v1/events`: the audit log as an admin reads it."""

import json
from typing import Any

import pytest

from tests.broker.backend_api.conftest import Api
from tests.running import RunningBroker


def newest(api: Api, **query: str) -> dict[str, Any]:
    """The newest event of a question."""
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    (event,) = api.good("GET", f"/v1/events?limit=1&{asked}")
    return event


def test_an_admins_change(api: Api):
    """A change is in the audit log at once, with who made it, in milliseconds, and with a place in the log."""
    made = api.good("POST", "/v1/clients", {"name": "App", "type": "confidential"})
    event = newest(api, type="client.created")
    assert set(event) == {"object", "id", "type", "actor", "user_id", "data", "created_at", "cursor"}
    assert (event["object"], event["actor"], event["user_id"]) == ("event", "env:1", None)
    assert event["data"] == {"id": made["id"]}
    assert event["created_at"] > 1_600_000_000_000
    api.good("PATCH", f"/v1/clients/{made['id']}", {"name": "Other"})
    assert newest(api, type="client.updated")["data"] == {"id": made["id"], "fields": "name"}
    api.good("DELETE", f"/v1/clients/{made['id']}")
    assert newest(api, type="client.deleted")["data"] == {"id": made["id"]}
    assert made["client_secret"] not in api.call("GET", "/v1/events?limit=100").text


def test_redirect_urls(api: Api):
    """Each change of the allowlist is in the audit log, with its entry."""
    made = api.good("POST", "/v1/redirect_urls", {"url": "com.example.events:/cb"})
    about = {"id": made["id"], "client_id": "default"}
    assert newest(api, type="redirect_url.created")["data"] == {**about, "url": "com.example.events:/cb"}
    api.good("PATCH", f"/v1/redirect_urls/{made['id']}", {"url": "com.example.events:/other"})
    assert newest(api, type="redirect_url.updated")["data"]["id"] == made["id"]
    api.good("DELETE", f"/v1/redirect_urls/{made['id']}")
    event = newest(api, type="redirect_url.deleted")
    assert (event["actor"], event["data"]) == ("env:1", {**about, "url": "com.example.events:/other"})


def test_providers_and_webhooks(api: Api):
    """Configuring a provider and an endpoint of webhooks is in the audit log, without a credential."""
    api.good("POST", "/v1/providers", {"id": "github", "client_id": "x", "client_secret": "secret-canary"})
    assert newest(api, type="provider.configured")["data"] == {"id": "github"}
    api.good("DELETE", "/v1/providers/github")
    assert newest(api, type="provider.deleted")["data"] == {"id": "github"}
    hook = api.good("POST", "/v1/webhooks", {"url": "https://a.example", "events": ["user.deleted"]})
    assert newest(api, type="webhook.created")["data"] == {"id": hook["id"]}
    api.good("DELETE", f"/v1/webhooks/{hook['id']}")
    assert "secret-canary" not in api.call("GET", "/v1/events?limit=100").text


def test_pages(api: Api):
    """Pages by cursor have no gap and no repeat, while new events come in."""
    ids = [api.good("POST", "/v1/clients", {"name": "Pages"})["id"] for _ in range(5)]
    query = "/v1/events?type=client.created&limit=2"
    first = api.good("GET", query)
    later = api.good("POST", "/v1/clients", {"name": "Later"})["id"]
    second = api.good("GET", f"{query}&before={first[-1]['cursor']}")
    assert [event["data"]["id"] for event in first + second] == ids[:0:-1]
    newer = api.good("GET", f"{query}&after={first[0]['cursor']}")
    assert [event["data"]["id"] for event in newer] == [later]
    counted = api.good("GET", f"{query}&paginated=true")
    assert len(counted["data"]) == 2
    assert counted["total_count"] >= 6
    for client_id in [*ids, later]:
        api.good("DELETE", f"/v1/clients/{client_id}")


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("before=x", "before"),
        ("after=1", "after"),
        ("after=99999999999999999999-0", "after"),
        ("before=1-1&before=2-2", "before"),
        ("limit=501", "limit"),
        ("offset=1", "offset"),
        ("type=a&type=b", "type"),
    ],
)
def test_wrong_questions(api: Api, query: str, param: str):
    """What does not read is named."""
    assert api.refused("GET", f"/v1/events?{query}") == (422, "form_param_format_invalid", param)


def test_nobody_changes_the_past(api: Api):
    """There is no way to write or delete an event."""
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert api.refused(method, "/v1/events")[:2] == (405, "method_not_allowed")


def test_ad_05_a_name_forges_no_line(api: Api, broker: RunningBroker):
    """AD-05: whatever an admin writes into a field, the log has one JSON object a line and the audit log one event."""
    evil = 'x"\n{"event":"forged"}\r\n\x1b[2J'
    before = len(broker.log())
    api.call("POST", "/v1/redirect_urls", {"url": evil})
    api.good("DELETE", f"/v1/clients/{api.good('POST', '/v1/clients', {'name': evil})['id']}")
    lines = [json.loads(line) for line in broker.log()[before:].splitlines()]
    assert "forged" not in [line["event"] for line in lines]
    assert "forged" not in [event["type"] for event in api.good("GET", "/v1/events?limit=10")]
