"""The whole redirect corpus at the doors themselves: /authorize, /par, and the API that takes entries."""

import asyncio
import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import httpx2
import msgspec
import pytest
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from allowlist import Allowlist, InvalidRedirectUri, RedirectUri, lookup_keys
from tests.allowlist.corpus import CASES, Case, Item
from tests.broker.endpoints.html_page import attributes, elements
from tests.provider_stub import ProviderStub
from tests.running import LOCAL, RunningBroker

ASKED = {
    "response_type": "code",
    "state": "s",
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "code_challenge_method": "S256",
    "provider": "stub",
}
LARGEST_FORM = 16 * 1024
ENTRY_ID = f"ru_{0:028x}"
NEAREST = re.compile(
    r"<dt>Nearest entry</dt><dd>.*?</dd>"
)  # an entry, escaped, may be some candidate's raw text
FOREIGN = 'https://elsewhere.example.net/"><script>alert(1)</script>'


def named(expect: str) -> pytest.MarkDecorator:
    cases = [case for case in CASES if case.expect == expect]
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.id)


@dataclass
class Doors:
    """One browser with its connection kept, and a client for every list of entries that the corpus has."""

    http: httpx2.Client
    redis: "Redis[bytes]"
    admin: dict[str, str]
    clients: dict[tuple[Item, ...], str]

    def make_client(self) -> str:
        made = self.http.post("/v1/clients", json={"name": "Corpus"}, headers=self.admin)
        return str(made.json()["client_id"])

    def client_of(self, case: Case) -> str:
        return self.clients[tuple(case.allow)]

    def authorize(self, client_id: str, candidate: str) -> httpx2.Response:
        return self.http.get(f"/authorize?{encoded(client_id, candidate)}")

    def push(self, client_id: str, candidate: str) -> httpx2.Response:
        form = {"content-type": "application/x-www-form-urlencoded"}
        return self.http.post("/par", content=encoded(client_id, candidate), headers=form)

    def add(self, client_id: str, item: Item) -> httpx2.Response:
        entry = {"url": item.url, "dev": item.development, "client_id": client_id}
        return self.http.post("/v1/redirect_urls", json=entry, headers=self.admin)

    def remove(self, entry_id: str) -> None:
        assert self.http.delete(f"/v1/redirect_urls/{entry_id}", headers=self.admin).status_code == 200

    @contextmanager
    def planted(self, client_id: str, item: Item, candidate: str) -> Iterator[None]:
        """The entry in Redis, by hand, under every key that a look-up for the candidate could ask for."""
        entry = {"id": ENTRY_ID, "url": item.url, "client_id": client_id, "dev": item.development}
        stored = msgspec.json.encode(entry | {"label": None, "created_at": 1, "updated_at": 1})
        hash_key = f"allowlist:{{{client_id}}}"
        for key in {candidate, item.url, *keys_for(candidate)}:
            self.redis.hset(hash_key, key, stored)
            self.redis.zadd(f"{hash_key}:rows", {f"{ENTRY_ID} {key}": 0})
        try:
            yield
        finally:
            self.redis.delete(hash_key, f"{hash_key}:rows")


def encoded(client_id: str, candidate: str) -> str:
    """The request's parameters, with the candidate percent-encoded once, whatever characters it has."""
    once = quote(candidate.encode("utf-8", "surrogatepass"), safe="")
    return f"{urlencode({**ASKED, 'client_id': client_id})}&redirect_uri={once}"


def keys_for(candidate: str) -> tuple[str, ...]:
    try:
        return lookup_keys(RedirectUri.parse(candidate))
    except InvalidRedirectUri:
        return ()


async def fill(redis_url: str, clients: dict[tuple[Item, ...], str]) -> None:
    redis = AsyncRedis.from_url(redis_url)
    allowlist = Allowlist(redis, development=True)
    for items, client_id in clients.items():
        for item in items:
            await allowlist.add(item.url, client_id=client_id, development=item.development, now_ms=1)
    await redis.aclose()


@pytest.fixture(scope="module")
def doors(broker: RunningBroker) -> Iterator[Doors]:
    """Every list of entries of the corpus, set up once."""
    lists = {tuple(case.allow) for case in CASES if case.expect != "invalid_entry"}
    admin = {"authorization": f"Bearer {broker.secret_key}"}
    with (
        httpx2.Client(base_url=broker.address, follow_redirects=False, **LOCAL) as http,
        Redis.from_url(broker.redis_url) as redis,
    ):
        doors = Doors(http, redis, admin, {})
        doors.clients = {items: doors.make_client() for items in lists}
        asyncio.run(fill(broker.redis_url, doors.clients))
        yield doors
        for client_id in doors.clients.values():
            http.delete(f"/v1/clients/{client_id}", headers=admin)


@pytest.fixture(scope="module")
def empty_client(doors: Doors) -> Iterator[str]:
    client_id = doors.make_client()
    yield client_id
    doors.http.delete(f"/v1/clients/{client_id}", headers=doors.admin)


@pytest.fixture(scope="module")
def refusal(doors: Doors) -> httpx2.Response:
    """How an ordinary address is refused: nothing else may ever be in the answer but other words."""
    return doors.authorize("default", "https://elsewhere.example.net/cb")


def assert_refused(answer: httpx2.Response, candidate: str, refusal: httpx2.Response) -> None:
    """A page with the headers and elements of any other refusal, so the candidate can be nothing but text in it."""
    assert answer.status_code == 400
    assert headers_of(answer) == headers_of(refusal)
    assert set(elements(answer.text)) <= set(elements(refusal.text))
    if html.escape(candidate) != candidate:
        assert candidate not in NEAREST.sub("", answer.text)


def headers_of(answer: httpx2.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name != "content-length"}


def test_ru_03_the_refusal_leads_nowhere(refusal: httpx2.Response):
    """RU-03: the refusal has no Location or Refresh, and its page no script, form, link or reference but the stylesheet and,
    for a developer, our own list of what was refused."""
    assert refusal.status_code == 400
    assert not {"location", "refresh", "link"} & set(refusal.headers)
    assert refusal.headers["content-type"].startswith("text/html")
    tags = {tag for tag, _ in elements(refusal.text)}
    assert not tags & {"script", "form", "iframe", "img", "base", "object", "embed", "svg"}
    assert set(attributes(refusal.text, "href", "src", "action", "http-equiv")) <= {
        "/assets/broker.css",
        "data:,",
        "/dashboard/allowlist/refused",
    }


def test_ru_03_the_value_is_shown_escaped(doors: Doors):
    """RU-03: a developer is shown what was received and the nearest entry, as text and never as markup."""
    page = doors.authorize("default", FOREIGN).text
    received = re.search(r"<dt>Received</dt><dd><code>(.*?)</code>", page)
    assert received
    assert html.unescape(received[1]) == FOREIGN
    assert not set(received[1]) & set("<>\"'")
    assert "Nearest entry" in page


@named("match")
def test_ru_01_match_starts_a_flow(doors: Doors, provider_process: ProviderStub, case: Case):
    """RU-01: an address that an entry admits starts a flow: on to the provider, bound to this browser."""
    answer = doors.authorize(doors.client_of(case), case.candidate)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{provider_process.issuer}/authorize?")
    assert "flow-" in answer.headers["set-cookie"]


@named("reject")
def test_ru_03_reject_is_a_page(doors: Doors, refusal: httpx2.Response, case: Case):
    """RU-01, RU-03: an address that no entry admits gets the refusal page, which it cannot shape."""
    assert_refused(doors.authorize(doors.client_of(case), case.candidate), case.candidate, refusal)


@named("invalid_entry")
def test_ru_02_invalid_entry(doors: Doors, empty_client: str, refusal: httpx2.Response, case: Case):
    """RU-02: an entry that could not be safe is refused with 422, and admits nothing when it is in Redis all the same."""
    answers = [(item, doors.add(empty_client, item)) for item in case.allow]
    for _, answer in answers:
        if answer.status_code == 200:
            doors.remove(answer.json()["id"])
    refused = [(item, answer) for item, answer in answers if answer.status_code != 200]
    assert refused
    for item, answer in refused:
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["meta"]["param_name"] == "url"
        with doors.planted(empty_client, item, case.candidate):
            assert_refused(doors.authorize(empty_client, case.candidate), case.candidate, refusal)
            assert doors.push(empty_client, case.candidate).status_code == 400


@named("match")
def test_pr_02_match_through_par(doors: Doors, provider_process: ProviderStub, case: Case):
    """PR-02o: an address that an entry admits can be pushed, and what was pushed starts a flow."""
    client_id = doors.client_of(case)
    pushed = doors.push(client_id, case.candidate)
    assert pushed.status_code == 201
    query = urlencode({"client_id": client_id, "request_uri": pushed.json()["request_uri"]})
    answer = doors.http.get(f"/authorize?{query}")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{provider_process.issuer}/authorize?")


@named("reject")
def test_pr_02_reject_through_par(doors: Doors, case: Case):
    """PR-02o: an address that /authorize would refuse cannot be pushed either."""
    answer = doors.push(doors.client_of(case), case.candidate)
    assert answer.status_code == (413 if len(case.candidate) > LARGEST_FORM else 400)
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["error"] == "invalid_request"
    assert "request_uri" not in answer.json()
    assert "location" not in answer.headers
