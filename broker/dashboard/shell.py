"""What every page of the dashboard stands in: who is signed in, what they may do, the bar and the list of places."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from litestar.response.base import ASGIResponse

from allowlist.wire import AnyRequest, ApiError
from broker.backend_api.guard import READING, check_scope, needed_scope
from broker.core.admin_session import is_foreign, key_of_person
from broker.core.csrf import is_csrf_of, new_csrf
from broker.core.secret_keys import SecretKey
from broker.dashboard.form import read_form
from broker.endpoints.admin_session import AdminCookie
from broker.endpoints.responses import OWN_PATH, see_other
from broker.pages.page import page
from broker.pages.words import ENGLISH, languages
from broker.rooms import Rooms

Gate = Callable[[AnyRequest], Awaitable[ASGIResponse | None]]
OPEN = "open"
SENDS_ORIGIN = {"referrer-policy": "same-origin"}  # else browsers post forms with `Origin: null`


class Place(NamedTuple):
    """One entry of the navigation: the path below /dashboard, and the scope that it takes to read it."""

    name: str
    scope: str


PLACES = (
    Place("overview", "events:read"),
    Place("providers", "providers:read"),
    Place("allowlist", "allowlist:read"),
    Place("clients", "clients:read"),
    Place("users", "users:read"),
    Place("flows", "events:read"),
    Place("webhooks", "webhooks:read"),
    Place("events", "events:read"),
    Place("keys", "keys:read"),
)


@dataclass(frozen=True)
class Admin:
    """Who is signed in. `key` says what they may do and who they are in the audit log, as if they called the API with it;
    `secret` is the cookie's value."""

    key: SecretKey
    secret: str = field(repr=False)

    @cached_property
    def csrf(self) -> str:
        """Stands in every form of one page."""
        return new_csrf(self.secret)

    def may(self, scope: str) -> bool:
        return self.key.permits(scope)

    @property
    def places(self) -> list[Place]:
        return [each for each in PLACES if self.may(each.scope)]


def dashboard_gate(rooms: Rooms) -> Gate:
    """Before every page. A handler says what it takes as one of the API does: `opt={"area": "clients"}` on its router, or a
    `scope` of its own; what says neither is closed. `opt={"scope": OPEN}` is open to who is not signed in.

    Raises ApiError 403 where the scope is lacking, and for a form that was not sent from a page of this session.
    """

    async def gate(request: AnyRequest) -> ASGIResponse | None:
        changes = request.scope["method"] not in READING
        if changes and is_foreign(
            request.headers.get("origin"), request.headers.get("sec-fetch-site"), rooms.settings.issuer
        ):
            raise ApiError(403, "form_foreign", "this form was not sent from a page of this dashboard")
        needed = needed_scope(request.route_handler, request.scope["method"])
        if needed == OPEN:
            return None
        admin = await signed_in(request, rooms)
        if admin is None:
            return to_sign_in(request)
        check_scope(admin.key, needed)
        if changes and not is_csrf_of(admin.secret, (await read_form(request)).text("csrf")):
            raise ApiError(
                403, "form_outdated", "this form is of another session; go back and load the page anew"
            )
        return None

    return gate


async def signed_in(request: AnyRequest, rooms: Rooms) -> Admin | None:
    """Who this browser is, judged by what holds now: a key that was revoked, an address that left the list, is nobody. From
    here on the request acts as that key: what the API's functions ask of a request, they find."""
    secret, now = AdminCookie.of(rooms.settings.issuer).value(request), int(time.time())
    session = await rooms.store.admin_sessions.use(secret, now) if secret else None
    if session is None or secret is None:
        return None
    if session.key:
        key = await rooms.secret_keys.still(session.key, now)
    else:
        listed = session.email in rooms.settings.dashboard_emails
        key = key_of_person(session.email) if session.email and listed else None
    if key is None:
        return None
    admin = Admin(key, secret)
    request.scope["state"] |= {"secret_key": key, "admin": admin}
    return admin


def admin_of(request: AnyRequest) -> Admin:
    admin: Admin = request.scope["state"]["admin"]
    return admin


def to_sign_in(request: AnyRequest) -> ASGIResponse:
    """Away to the sign-in page, and back afterwards. Coming from another site the browser does not show the cookie, though
    it may have one; so it is sent here once more, by us. htmx is told by a header, or it would put the page into the page."""
    base = request.app.state.settings.base
    path = own_path(request)
    if came_from_elsewhere(request):
        return page(request, "dashboard/onward.html", path=path)
    if "hx-request" in request.headers:
        return ASGIResponse(status_code=401, headers=[("hx-redirect", f"{base}/dashboard")])
    if request.scope["method"] != "GET" or "?" in path:
        path = f"{base}/dashboard"
    return see_other(f"{base}/dashboard?to={path}")


def came_from_elsewhere(request: AnyRequest) -> bool:
    """A link on another site was followed, so the browser keeps a Strict cookie to itself."""
    return request.scope["method"] == "GET" and request.headers.get("sec-fetch-site") == "cross-site"


def own_path(request: AnyRequest) -> str:
    """Where this request went, if that can be written down plainly; else the front page."""
    query = request.scope["query_string"].decode("latin-1")
    path = request.scope["path"] + (f"?{query}" if query else "")
    return checked_path(request, path)


def checked_path(request: AnyRequest, path: str) -> str:
    """`path` if it is one of the dashboard's; else the front page."""
    front = f"{request.app.state.settings.base}/dashboard"
    plain = path.startswith(f"{front}/") and OWN_PATH.fullmatch(path) and ".." not in path
    return path if plain else front


def dashboard_page(
    request: AnyRequest, template: str, *, place: str, status: int = 200, **context: Any
) -> ASGIResponse:
    """A page for who is signed in. Templates extend `dashboard/layout.html` and have `admin`, `may(scope)`, and what the
    caller gives. `?done=` names a sentence of `[done]`, told once above the content."""
    around = frame(request, place)
    shown = page(request, template, status=status, script=True, packed=True, **around, **context)
    shown.headers.update(SENDS_ORIGIN)
    return shown


def frame(request: AnyRequest, place: str) -> dict[str, Any]:
    """What the layout shows around every page. It may be packed: the one secret in it, the forms' field, is another text each
    time, and the Strict cookie keeps other sites from making a browser ask."""
    admin = admin_of(request)
    return {"admin": admin, "may": admin.may, "place": place, "done": done_of(request)}


def confirm_page(
    request: AnyRequest, place: str, kind: str, *, name: str, action: str, back: str
) -> ASGIResponse:
    """What is about to happen to `name`, in the sentences `confirm.{kind}*`, and the form that does it. `action` and `back`
    are below /dashboard."""
    told: dict[str, Any] = {"kind": kind, "name": name, "action": action, "back": back}
    return dashboard_page(request, "dashboard/confirm.html", place=place, **told)


def done_of(request: AnyRequest) -> str | None:
    """What was done just now, from the list of `[done]`."""
    name = f"done.{request.query_params.get('done', '')}"
    return name if name in languages()[ENGLISH] else None


def done(request: AnyRequest, path: str, what: str) -> ASGIResponse:
    """303 to a page below /dashboard, which says `done.{what}`."""
    return see_other(f"{request.app.state.settings.base}/dashboard{path}?done={what}")
