"""A small application with nothing but the simulator, on a real port, and the broker's true client towards it."""

import socket
import threading
import time
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urlencode, urlsplit

import aiohttp
import pytest
import uvicorn
from litestar import Litestar

from broker.core.opaque import new_secret
from broker.core.records import PendingAuthorization
from broker.pages.asset import asset
from broker.providers.authorization_request import authorization_url
from broker.providers.upstream import Upstream
from broker.simulator.routes import simulator_routes
from broker.simulator.simulated import simulated_connections
from broker.simulator.try_it import try_it

NOW = 1_800_000_000


def now():
    """Apple's signed client secret is good for minutes, so these sign-ins happen today."""
    return int(time.time())


REDIRECT_URI = "com.example.app:/signed-in"


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="session")
def issuer():
    """The address at which the simulator answers."""
    listening = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    providers = [(each.id, each.provider.name) for each in simulated_connections(address).values()]
    routes = [
        simulator_routes(address, development=True, slowness=0.5),
        *try_it(address, "app_1", REDIRECT_URI, providers),
    ]
    server = uvicorn.Server(uvicorn.Config(Litestar([*routes, asset]), log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield address
    server.should_exit = True
    thread.join(10)
    listening.close()


@dataclass
class Broker:
    """The broker's half of a flow: its client at the providers, and a person's browser."""

    issuer: str
    upstream: Upstream
    browser: aiohttp.ClientSession

    def connection(self, provider_id, **wrong):
        """The connection as the broker has it, some credentials changed."""
        connection = simulated_connections(self.issuer)[provider_id]
        return replace(connection, credentials={**connection.credentials, **wrong})

    def start(self, provider_id, **changes):
        """A pending authorization and the address to which it sends the browser, some parameters changed."""
        pending = new_pending(provider_id)
        url = authorization_url(self.connection(provider_id), pending, "the-state")
        address = urlsplit(url)
        asked = dict(parse_qsl(address.query)) | changes
        return pending, address._replace(query=urlencode(asked)).geturl()

    async def submit(self, url, **form):
        """What the callback gets when somebody fills in the form of the sign-in page."""
        async with self.browser.post(url, data=form, allow_redirects=False) as answer:
            if answer.status == 303:
                assert answer.headers["location"].startswith(f"{self.issuer}/callback/")
                return dict(parse_qsl(urlsplit(answer.headers["location"]).query))
            return hidden_fields(await answer.text())

    async def sign_in(self, provider_id, persona="ada", outcome="approve"):
        """Who came and their tokens, by the whole way."""
        pending, url = self.start(provider_id)
        told = await self.submit(url, persona=persona, outcome=outcome)
        return await self.upstream.sign_in(self.connection(provider_id), pending, told["code"], now())

    async def call(self, provider_id, door, **form):
        """Status and JSON of a back-channel POST with our credentials."""
        secret = self.connection(provider_id).client_secret(int(time.time()))
        credentials = {"client_id": "simulated", "client_secret": secret}
        url = f"{self.issuer}/simulator/{provider_id}/{door}"
        headers = self.connection(provider_id).provider.token_headers
        async with self.browser.post(url, data=credentials | form, headers=headers) as answer:
            return answer.status, await answer.json()

    async def get(self, path, token=None):
        headers = {"authorization": f"Bearer {token}"} if token else {}
        async with self.browser.get(f"{self.issuer}{path}", headers=headers) as answer:
            return answer.status, await answer.text()


@pytest.fixture
async def broker(issuer):
    upstream = Upstream(development=True)
    async with aiohttp.ClientSession() as browser:
        yield Broker(issuer, upstream, browser)
    await upstream.close()


def new_pending(provider_id):
    return PendingAuthorization(
        client_id="app_1",
        redirect_uri=REDIRECT_URI,
        state=None,
        scope="openid",
        code_challenge="",
        nonce=None,
        provider=provider_id,
        upstream_verifier=new_secret(),
        upstream_nonce=new_secret(),
        browser="",
    )


class HiddenFields(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = {}

    def handle_starttag(self, tag, attrs):
        field = dict(attrs)
        if tag == "input" and field["type"] == "hidden":
            self.found[field["name"]] = field["value"]


def hidden_fields(html):
    reader = HiddenFields()
    reader.feed(html)
    return reader.found
