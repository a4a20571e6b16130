"""Which scope opens which route of `/v1`: the table, that every route is in it, and that it holds over HTTP."""

import re
from collections.abc import Iterator
from functools import cache

import httpx2
import pytest
from litestar.handlers import HTTPRouteHandler

from broker.app import create_app
from broker.backend_api.guard import ANY_KEY, needed_scope
from broker.cli.settings import PROVIDER_FIELDS
from broker.core.secret_keys import SCOPES
from broker.settings import Settings
from tests.broker.backend_api.conftest import Api
from tests.running import LOCAL, RunningBroker, keys

# The first part of a path to its area; GET takes `area:read`, everything else `area:write`.
AREAS = {
    "redirect_urls": "allowlist",
    "clients": "clients",
    "providers": "providers",
    "users": "users",
    "sessions": "sessions",
    "events": "events",
    "webhooks": "webhooks",
    "secret_keys": "keys",
}
EXCEPTIONS = {
    "POST /v1/redirect_urls/explain": "allowlist:read",
    "POST /v1/sessions/x/verify": "sessions:read",
    "GET /v1/users/x/oauth_access_tokens/x": "tokens:read",
    "GET /v1/jwks": ANY_KEY,
}


# Outside the gate: a user's own, each of which asks for their access token (tests/broker/me).
OWN = {
    "GET /v1/me",
    "GET /v1/me/external_accounts",
    "DELETE /v1/me/external_accounts/x",
    "GET /v1/me/sessions",
    "DELETE /v1/me/sessions",
    "DELETE /v1/me/sessions/x",
}


@cache
def every_route() -> dict[str, HTTPRouteHandler]:
    """Every route of `/v1` as `METHOD path`, its parameters as `x`."""
    environ = keys() | {"BROKER_ISSUER": "https://auth.example.com", "BROKER_REDIS_URL": "redis://localhost"}
    app = create_app(Settings.from_env(environ, PROVIDER_FIELDS))
    found = [
        (method, re.sub(r"\{[^}]*\}", "x", route.path), handler)
        for route in app.routes
        for handler in getattr(route, "route_handlers", [])
        for method in handler.http_methods
        if method != "OPTIONS"
    ]
    return {f"{method} {path}": handler for method, path, handler in found if path.startswith("/v1")}


def routes() -> dict[str, HTTPRouteHandler]:
    """Those for secret keys."""
    return {route: handler for route, handler in every_route().items() if route not in OWN}


def test_ad_01_what_is_outside_the_gate():
    """AD-01: what the gate does not stand before is a user's own, and nothing else."""
    gateless = {route for route, handler in every_route().items() if not handler.resolve_before_request()}
    assert gateless == OWN


def expected(route: str) -> str:
    """What the table says."""
    method, path = route.split()
    act = "read" if method == "GET" else "write"
    return EXCEPTIONS.get(route) or f"{AREAS[path.split('/')[2]]}:{act}"


def test_ad_01_every_route_needs_what_the_table_says():
    """AD-01: each route declares the scope of the table, which is one that a key can have."""
    declared = {
        route: needed_scope(handler, route.split(maxsplit=1)[0]) for route, handler in routes().items()
    }
    assert declared == {route: expected(route) for route in routes()}
    assert set(declared.values()) <= {*SCOPES, ANY_KEY}


def test_ad_01_one_gate_stands_before_every_route():
    """AD-01: no router or handler has put a hook of its own in the gate's place."""
    gates = {handler.resolve_before_request() for handler in routes().values()}
    assert len(gates) == 1
    assert None not in gates


@pytest.fixture(scope="module")
def texts(broker: RunningBroker) -> dict[str, str]:
    """Keys by what they may do: one with each scope alone, `no users:read` and so on with all but that one."""

    def text(*scopes: str) -> str:
        body = {"name": "Table", "scopes": scopes}
        return str(broker.admin("POST", "/v1/secret_keys", body).json()["secret"])

    alone = {scope: text(scope) for scope in SCOPES}
    return alone | {f"no {each}": text(*(scope for scope in SCOPES if scope != each)) for each in SCOPES}


@pytest.fixture(scope="module")
def line(broker: RunningBroker) -> Iterator[Api]:
    with httpx2.Client(base_url=broker.address, **LOCAL) as http:
        yield Api(http)


@pytest.mark.parametrize("scope", SCOPES)
def test_ad_01_the_scope_is_needed_and_is_enough(line: Api, texts: dict[str, str], scope: str):
    """AD-01: with all scopes but its own a route is refused, and the scope named; with that alone it is open."""
    without = {"authorization": f"Bearer {texts[f'no {scope}']}", "content-type": "text/plain"}
    alone = {"authorization": f"Bearer {texts[scope]}", "content-type": "text/plain"}
    for route in (each for each in routes() if expected(each) == scope):
        refused = line.call(*route.split(), content="", headers=without)
        assert refused.status_code == 403, route
        (error,) = refused.json()["errors"]
        assert (error["code"], scope in error["message"].split()) == ("authorization_invalid", True), route
        assert line.call(*route.split(), content="", headers=alone).status_code not in {401, 403, 500}, route


def test_ad_01_one_scope_opens_no_other_area(line: Api, texts: dict[str, str]):
    """AD-01: a key with the one scope of a backend reads tokens and can do nothing else."""
    headers = {"authorization": f"Bearer {texts['tokens:read']}", "content-type": "text/plain"}
    others = [each for each in routes() if expected(each) not in {"tokens:read", ANY_KEY}]
    answers = {each: line.call(*each.split(), content="", headers=headers).status_code for each in others}
    assert set(answers.values()) == {403}, answers
