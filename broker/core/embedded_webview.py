"""Whether a page is shown inside another app, by what the browser says of itself; and what to do then. Pure.

An app that shows a provider's page in itself can read what is typed there, so some providers refuse (RFC 8252 section
8.12), on a page of theirs of which nobody here hears. This is help and no protection: a user agent says what its app likes.
"""

import re
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

WebviewPolicy = Literal["warn", "block", "allow"]
Platform = Literal["ios", "android", "other"]

# Apps that name themselves, and what people call them.
NAMED = (
    (r"\bFB(?:AN|AV|_IAB|IOS|4A)\b", "Facebook"),
    (r"MessengerForiOS", "Messenger"),
    (r"\bInstagram\b", "Instagram"),
    (r"\bBarcelona\b", "Threads"),
    (r"\bLine/\d", "LINE"),
    (r"\bMicroMessenger/", "WeChat"),
    (r"musical_ly|BytedanceWebview", "TikTok"),
    (r"\bSnapchat\b", "Snapchat"),
    (r"\bTwitter(?:Android| for i)", "X"),
    (r"\bLinkedInApp\b", "LinkedIn"),
    (r"Pinterest/", "Pinterest"),
    (r"\bKAKAOTALK\b", "KakaoTalk"),
    (r"\bNAVER\(inapp", "Naver"),
    (r"\bReddit/", "Reddit"),
    (r"\bWA(?:iOS|4A)/", "WhatsApp"),
    (r"\bElectron/", ""),
)
ANDROID_WEBVIEW = re.compile(r";\s*wv\)|Version/\d+\.\d+ Chrome/\d+\.0\.0\.0|Linux; U; Android(?!.*Chrome/)")
APPLE = re.compile(r"\((?:iPhone|iPad|iPod|Macintosh)[^)]*\) AppleWebKit/")
APPLE_BROWSER = re.compile(r"\b(?:Safari|Chrome|CriOS|FxiOS|EdgiOS|OPT|GSA)/")
LONGEST = 1_000  # characters of a user agent that are looked at


class Embedded(NamedTuple):
    """`host` is the app's name; empty where it has not told."""

    host: str
    platform: Platform


def embedded_in(user_agent: str, brands: str = "", requested_with: str = "") -> Embedded | None:
    """The app around the page; None: it is a browser, or a tab of one. `brands` is Sec-CH-UA, `requested_with` the
    X-Requested-With that Android's webviews send."""
    shown = user_agent[:LONGEST]
    for pattern, host in NAMED:
        if re.search(pattern, shown):
            return Embedded(host, platform_of(shown))
    if '"Android WebView"' in brands[:LONGEST] or re.fullmatch(r"[a-z]\w*(\.\w+)+", requested_with[:200]):
        return Embedded("", "android")
    if ANDROID_WEBVIEW.search(shown):
        return Embedded("", "android")
    if APPLE.search(shown) and not APPLE_BROWSER.search(shown):
        return Embedded("", "ios")
    return None


def platform_of(user_agent: str) -> Platform:
    if "Android" in user_agent:
        return "android"
    return "ios" if re.search(r"\b(?:iPhone|iPad|iPod)\b", user_agent) else "other"


def stops(policy: WebviewPolicy, *, provider_refuses: bool, accepted: bool) -> bool:
    """Whether a person is asked to move to their browser. Where the provider would refuse them, `accepted` changes
    nothing: only the client's `allow` does, whose makers know better."""
    if policy == "allow":
        return False
    return policy == "block" or provider_refuses or not accepted


def way_out(embedded: Embedded, address: str) -> str | None:
    """A link that opens our address in the phone's own browser; None where none is known."""
    scheme, _, rest = address.partition("://")
    if embedded.host == "LINE":
        return f"{address}{'&' if urlsplit(address).query else '?'}openExternalBrowser=1"
    if embedded.platform == "android":
        return f"intent://{rest}#Intent;scheme={scheme};end"
    return f"x-safari-{scheme}://{rest}" if embedded.platform == "ios" else None
