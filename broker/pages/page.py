"""Rendering a page, and the headers that keep it from being framed, cached or fed with foreign content (AZ-08, AZ-09)."""

from functools import cache
from pathlib import Path
from typing import Any

from litestar.response.base import ASGIResponse

TEMPLATES = Path(__file__).with_name("templates")


@cache
def environment() -> Any:
    """Autoescape always; a name that a template lacks is an error, not an empty string. Most answers are no page, so
    Jinja waits for the first one."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415

    folders = [TEMPLATES, TEMPLATES.parents[1] / "simulator" / "templates"]
    return Environment(loader=FileSystemLoader(folders), autoescape=True, undefined=StrictUndefined)


def page(template: str, *, sends_to: str = "", script: bool = False, **context: Any) -> ASGIResponse:
    """A page as an answer."""
    html, headers = render(template, sends_to=sends_to, script=script, **context)
    return ASGIResponse(body=html, media_type="text/html", headers=headers)


def render(
    template: str, *, sends_to: str = "", script: bool = False, **context: Any
) -> tuple[str, dict[str, str]]:
    """A page and its headers. `sends_to` is what its forms may lead to besides ourselves: browsers hold a form's
    redirects against `form-action` too, so the return page must name the app's scheme. No COOP header: it would cut
    the popup that expo-auth-session waits on (research: mobile.md 2.2)."""
    headers = {
        "cache-control": "no-store",
        "content-security-policy": policy(sends_to, script=script),
        "x-frame-options": "DENY",
    }
    html: str = environment().get_template(template).render(**context)
    return html, headers


def policy(sends_to: str, *, script: bool) -> str:
    """`*` is anywhere, an app's scheme too. CSP has no word for that, so the directive is left out."""
    scripts = "script-src 'self'; connect-src 'self'; " if script else ""
    forms = "" if sends_to == "*" else f"form-action 'self' {sends_to}; "
    return (
        f"default-src 'none'; style-src 'self'; img-src 'self' data:; {scripts}"
        f"{forms}frame-ancestors 'none'; base-uri 'none'"
    )
