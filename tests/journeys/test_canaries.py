"""Secrets that can be recognised, and a look everywhere they must not be."""

import threading
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
import redis

from tests.conftest import HTTPS_REDIRECT, SCHEME_REDIRECT, connect
from tests.phone import Phone
from tests.provider_stub import CLIENT_SECRET, ProviderStub
from tests.running import RunningBroker, keys, running_broker
from tests.valkey import running_valkey


class Watch:
    """All that Valkey is told while it watches (MONITOR)."""

    def __init__(self, url: str) -> None:
        self.seen: list[bytes] = []
        self._client = redis.Redis.from_url(url)
        self._monitor = self._client.monitor()
        self._monitor.__enter__()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        for told in self._monitor.listen():
            self.seen.append(str(told["command"]).encode())
            if "the-end" in str(told["command"]):
                return

    def close(self) -> bytes:
        with redis.Redis.from_url(
            self._client.connection_pool.connection_kwargs["path"].join(["unix://", ""])
        ) as last:
            last.echo("the-end")
        self._thread.join(10)
        self._monitor.__exit__(None, None, None)
        self._client.close()
        return b"\n".join(self.seen)


def everything(url: str) -> bytes:
    """Every key and value."""
    readers = {
        b"string": lambda state, key: state.get(key),
        b"hash": lambda state, key: repr(state.hgetall(key)).encode(),
        b"zset": lambda state, key: repr(state.zrange(key, 0, -1)).encode(),
        b"set": lambda state, key: repr(state.smembers(key)).encode(),
    }
    with redis.Redis.from_url(url) as state:
        found = [(key, readers[state.type(key)](state, key)) for key in state.scan_iter("*")]
    assert len(found) > 10
    return b"\n".join(part for pair in found for part in pair)


@pytest.fixture(scope="module")
def trip(provider_process: ProviderStub) -> Iterator[tuple[dict[str, str], bytes, str, RunningBroker]]:
    """A full trip, and what it left: the secrets, all that Redis holds and heard, the broker's log."""
    provider_process.reset()
    with running_valkey() as url, running_broker(url) as broker:
        watch = Watch(url)
        connect(broker, provider_process)
        for redirect in (HTTPS_REDIRECT, SCHEME_REDIRECT):
            broker.allow(redirect)
        secrets = travel(broker, provider_process)
        yield secrets, everything(url) + watch.close(), broker.log(), broker


def travel(broker: RunningBroker, stub: ProviderStub) -> dict[str, str]:
    """Sign in, leave one flow half way and one on the return page, refresh, misuse; collect every secret seen."""
    client = broker.make_client(type="confidential")
    broker.allow(HTTPS_REDIRECT, client["client_id"])
    with httpx2.Client(timeout=20, follow_redirects=False) as browser:
        phone = Phone(
            broker,
            client["client_id"],
            HTTPS_REDIRECT,
            client_secret=client["client_secret"],
            browser=browser,
        )
        phone.state = "app-state-canary-0123456789"
        start = phone.authorize()
        upstream = parse_qs(urlsplit(start.headers["location"]).query)
        code = phone.follow(start)["code"]
        tokens = phone.exchange(code).json()
        again = phone.refresh(tokens["refresh_token"]).json()
        phone.authorize()
        unfinished = Phone(broker, "default", SCHEME_REDIRECT, browser=browser, state=phone.state)
        page = unfinished.follow(unfinished.authorize()).response
        phone.exchange(code)
        phone.refresh(tokens["refresh_token"])
        cookies = {f"cookie {n}": str(value) for n, value in enumerate(dict(browser.cookies).values())}
    given = {path: form for path, forms in stub.requests.items() for form in forms}
    return {
        **cookies,
        "app state": phone.state,
        "app verifier": phone.verifier,
        "our state": upstream["state"][0],
        "our nonce": upstream["nonce"][0],
        "our verifier": given["/token"]["code_verifier"],
        "provider code": given["/token"]["code"],
        "code": code,
        "return form": page.text.split('name="flow" value="')[1].split('"')[0],
        "refresh token": tokens["refresh_token"][53:],
        "second refresh token": again["refresh_token"][53:],
        "access token": tokens["access_token"],
        "provider access token": "at-canary",
        "provider refresh token": "rt-canary",
        "provider client secret": CLIENT_SECRET,
        "client secret": client["client_secret"],
        "backend key": broker.secret_key,
        "encryption key": keys()["BROKER_ENCRYPTION_KEYS"].partition(":")[2],
    }


def test_tv_04_redis_holds_and_hears_no_secret(trip: tuple[dict[str, str], bytes, str, RunningBroker]):
    """TV-04: no secret of a whole trip stands in clear in Redis or was ever sent to it."""
    secrets, told, _, _ = trip
    assert [name for name, secret in secrets.items() if secret.encode() in told] == []


def test_tv_05_the_log_holds_no_secret(trip: tuple[dict[str, str], bytes, str, RunningBroker]):
    """TV-05: no secret stands in the log, not even of the flows that went wrong."""
    secrets, _, log, _ = trip
    assert [name for name, secret in secrets.items() if secret in log] == []


def test_ad_05_what_went_wrong_is_in_the_log(trip: tuple[dict[str, str], bytes, str, RunningBroker]):
    """AD-05: replay and administration are events in the log, one JSON line each."""
    _, _, log, _ = trip
    for event in ("code_replayed", "admin_change"):
        assert f'"event": "{event}"' in log


def test_ad_05_a_line_cannot_be_forged(trip: tuple[dict[str, str], bytes, str, RunningBroker]):
    """AD-05: a refused redirect URL full of line breaks is one line of the log."""
    *_, broker = trip
    forged = 'x\n{"event": "forged"}'
    broker.get("/authorize", params={"client_id": "default", "redirect_uri": forged, "response_type": "code"})
    lines = [line for line in broker.log().splitlines() if "forged" in line]
    assert len(lines) == 1
    assert '"event": "redirect_uri_refused"' in lines[0]


def test_tv_02_a_damaged_configuration_is_unavailable(provider: ProviderStub):
    """TV-02: when a provider's sealed credentials were changed the broker answers 503 and signs nobody in."""
    with running_valkey() as url, running_broker(url) as broker:
        connect(broker, provider)
        broker.allow(HTTPS_REDIRECT)
        with redis.Redis.from_url(url) as state:
            stored = state.get("provider:{stub}") or b""
            at = stored.rindex(b'"')
            state.set("provider:{stub}", stored[: at - 12] + b"AAAA" + stored[at - 8 :])
        with httpx2.Client(timeout=20, follow_redirects=False) as browser:
            assert Phone(broker, "default", HTTPS_REDIRECT, browser=browser).authorize().status_code == 503
        assert "SealBroken" in broker.log()
