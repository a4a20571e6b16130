"""Rendering a page, and the headers that keep it from being framed, cached or fed with foreign content (AZ-08, AZ-09)."""

import gzip
from functools import cache
from pathlib import Path
from typing import Any

from litestar import Request
from litestar.response.base import ASGIResponse

from broker.pages.logo import logo
from broker.pages.look import Look
from broker.pages.moment import brief, moment, written

AnyRequest = Request[Any, Any, Any]
TEMPLATES = Path(__file__).with_name("templates")


@cache
def environment() -> Any:
    """Autoescape always; a name that a template lacks is an error, not an empty string. Most answers are no page, so
    Jinja waits for the first one."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415

    folders = [TEMPLATES, TEMPLATES.parents[1] / "simulator" / "templates"]
    made = Environment(loader=FileSystemLoader(folders), autoescape=True, undefined=StrictUndefined)
    made.globals |= {"logo": logo, "bold": bold, "moment": moment, "brief": brief, "written": written}
    return made


def bold(text: str) -> Any:
    """A value that stands out in a sentence."""
    from markupsafe import Markup  # noqa: PLC0415 - as Jinja

    return Markup("<b>{}</b>").format(text)


def page(
    request: AnyRequest,
    template: str,
    *,
    status: int = 200,
    sends_to: str = "",
    script: bool = False,
    packed: bool = False,
    **context: Any,
) -> ASGIResponse:
    """A page as an answer. `packed` is only for a page whose secrets, if any, are another text each time: beside a caller's
    own input, the packed length gives one that stays away letter by letter (BREACH). Raises KeyError for a sentence that there is not."""
    html, headers = render(request, template, sends_to=sends_to, script=script, **context)
    body = html.encode()
    if packed and "gzip" in request.headers.get("accept-encoding", ""):
        body, headers = gzip.compress(body), {**headers, "content-encoding": "gzip"}
    return ASGIResponse(body=body, media_type="text/html", headers=headers, status_code=status)


def render(
    request: AnyRequest, template: str, *, sends_to: str = "", script: bool = False, **context: Any
) -> tuple[str, dict[str, str]]:
    """A page and its headers. `sends_to` is what its forms may lead to besides ourselves: browsers hold a form's
    redirects against `form-action` too, so the return page must name the app's scheme. No COOP header: it would cut
    the popup that expo-auth-session waits on (research: mobile.md 2.2)."""
    headers = {
        "cache-control": "no-store",
        "content-language": (look := Look.of(request)).words.language,
        "content-security-policy": policy(sends_to, script=script),
        "vary": "Accept-Language, Accept-Encoding",
        "x-frame-options": "DENY",
    }
    said = {"base": look.base, "brand": look.brand, "say": look.words, "language": look.words.language}
    html: str = environment().get_template(template).render(**said, **context)
    return html, headers


def policy(sends_to: str, *, script: bool) -> str:
    """`*` is anywhere, an app's scheme too. CSP has no word for that, so the directive is left out."""
    scripts = "script-src 'self'; connect-src 'self'; " if script else ""
    forms = "" if sends_to == "*" else f"form-action 'self' {sends_to}; "
    return (
        f"default-src 'none'; style-src 'self'; img-src 'self' data:; {scripts}"
        f"{forms}frame-ancestors 'none'; base-uri 'none'"
    )
