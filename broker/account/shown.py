"""How the pages of the account are shown: the frame around each, and its notice."""

from typing import Any

from litestar.response.base import ASGIResponse

from broker.account.visitor import AnyRequest, Cookie, Visitor
from broker.core.account_places import NOTICES, address
from broker.core.identity import Identity
from broker.core.parameters import Parameters
from broker.endpoints.responses import see_other
from broker.pages.page import page
from broker.rooms import Rooms


def show(request: AnyRequest, visitor: Visitor, template: str, place: str, **context: Any) -> ASGIResponse:
    """A page of the account; `place` is the one of the menu that it belongs to. It may be packed: nothing of a request's own
    stands on it, and what its forms carry is another at each answer."""
    back = visitor.client.name if visitor.client and visitor.session.return_to else None
    return page(
        request,
        f"account/{template}",
        place=place,
        csrf=visitor.csrf,
        who=name_of(visitor.user.identity),
        back=back,
        notice=notice_of(request),
        packed=True,
        **context,
    )


def to_sign_in(rooms: Rooms, place: str) -> ASGIResponse:
    """Whoever is nobody here signs in first, and goes on to `place` then."""
    return below(rooms, "", then=place or None)


def below(rooms: Rooms, place: str, *cookies: Cookie, **query: str | None) -> ASGIResponse:
    """On to a page of the account."""
    return see_other(address(rooms.settings.base, place, **query), *cookies)


def notice_of(request: AnyRequest) -> tuple[str, str] | None:
    """The notice that the address names, with its tone; nothing for a name that is not ours."""
    name = Parameters.parse(request.scope["query_string"]).get("notice", "")
    return (name, NOTICES[name]) if name in NOTICES else None


def name_of(identity: Identity) -> str | None:
    """How a person is called among their accounts."""
    return identity.email or identity.name or identity.username
