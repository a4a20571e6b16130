"""The simulator's state, and how its doors answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from litestar import Request
from litestar.exceptions import NotFoundException
from litestar.response.base import ASGIResponse

from broker.core.errors import OAuthError
from broker.pages.page import page
from broker.providers.provider import Connection
from broker.simulator.keys import Keys
from broker.simulator.memory import Drawer, Grant

# A form's redirects are held against the page's form-action, and this one's may lead on into any app: a refusal goes
# there without a page of the broker's between.
ANYWHERE = "*"


@dataclass(frozen=True)
class Simulator:
    """One for each application. `told` holds whose name was given: Apple gives it once. `consented` holds who has a
    refresh token of Google: it gives another only when consent is asked for again. `apps` holds the ids of apps whose device
    was played, which are clients from then on."""

    issuer: str
    connections: Mapping[str, Connection]
    slowness: float
    keys: Keys = field(default_factory=Keys)
    codes: Drawer[Grant] = field(default_factory=Drawer)
    access_tokens: Drawer[Grant] = field(default_factory=Drawer)
    refresh_tokens: Drawer[Grant] = field(default_factory=Drawer)
    told: Drawer[bool] = field(default_factory=Drawer)
    consented: Drawer[bool] = field(default_factory=Drawer)
    apps: Drawer[bool] = field(default_factory=Drawer)

    def connection(self, provider_id: str) -> Connection:
        """Raises NotFoundException."""
        if provider_id not in self.connections:
            raise NotFoundException
        return self.connections[provider_id]

    def revoke(self, grant: Grant) -> None:
        """Every token of it ends, and the person's consent with them."""
        self.refresh_tokens.drop(lambda each: each is grant)
        self.access_tokens.drop(lambda each: each is grant)
        self.consented.take(grant.persona.key)


def json_answer(document: object, status: int = 200) -> ASGIResponse:
    headers = {"cache-control": "no-store"}
    return ASGIResponse(body=msgspec.json.encode(document), status_code=status, headers=headers)


def error_answer(error: OAuthError) -> ASGIResponse:
    return json_answer({"error": error.code.wire, "error_description": error.description}, error.status)


def error_page(request: Request[Any, Any, Any], error: OAuthError) -> ASGIResponse:
    return page(
        request,
        "error.html",
        status=400,
        kind="simulated",
        error=error.code.wire,
        description=error.description,
        details={},
    )
