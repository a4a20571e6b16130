"""Apps that show pages inside themselves, told from browsers by what they say; and what is done then."""

import pytest

from broker.core.embedded_webview import LONGEST, Embedded, embedded_in, stops, way_out

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
ANDROID = "Mozilla/5.0 (Linux; Android 10; K{}) AppleWebKit/537.36 (KHTML, like Gecko) {}Chrome/142.0.0.0 Mobile Safari/537.36"

APPS = {
    "Facebook on iOS": (
        f"{IPHONE} Mobile/15E148 [FBAN/FBIOS;FBAV/500.0.0.1;FBDV/iPhone16,2]",
        ("Facebook", "ios"),
    ),
    "Facebook on Android": (
        ANDROID.format("; wv", "Version/4.0 ") + " [FB_IAB/FB4A;FBAV/500.0;]",
        ("Facebook", "android"),
    ),
    "Messenger": (f"{IPHONE} Mobile/15E148 [MessengerForiOS;]", ("Messenger", "ios")),
    "Instagram": (
        f"{IPHONE} Mobile/22F76 Instagram 380.0.0.28.84 (iPhone16,1; iOS 18_5)",
        ("Instagram", "ios"),
    ),
    "Threads": (f"{IPHONE} Mobile/22F76 Barcelona 380.0.0.28.84", ("Threads", "ios")),
    "LINE": (f"{IPHONE} Mobile/15E148 Safari Line/15.6.0", ("LINE", "ios")),
    "WeChat": (ANDROID.format("; wv", "Version/4.0 ") + " MicroMessenger/8.0.50", ("WeChat", "android")),
    "TikTok": (f"{IPHONE} Mobile/15E148 musical_ly_2024", ("TikTok", "ios")),
    "LinkedIn": (f"{IPHONE} Mobile/15E148 [LinkedInApp]/9.30", ("LinkedIn", "ios")),
    "Electron": (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0.0.0 Electron/33.0.0 Safari/537.36",
        ("", "other"),
    ),
    "any app on Android": (ANDROID.format("; wv", "Version/4.0 "), ("", "android")),
    "any app on iOS": (f"{IPHONE} Mobile/15E148", ("", "ios")),
    "any app on an old Android": (
        "Mozilla/5.0 (Linux; U; Android 4.0.3; de-de) AppleWebKit/534.30 Version/4.0 Mobile Safari/534.30",
        ("", "android"),
    ),
}
BROWSERS = {
    "Safari on iOS": f"{IPHONE} Version/18.5 Mobile/15E148 Safari/604.1",
    "Chrome on iOS": f"{IPHONE} CriOS/142.0.7444.77 Mobile/15E148 Safari/604.1",
    "Firefox on iOS": f"{IPHONE} FxiOS/140.0 Mobile/15E148 Safari/605.1.15",
    "Chrome on Android, and its tabs": ANDROID.format("", ""),
    "Firefox on Android": "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0",
    "Samsung's": ANDROID.format("", "SamsungBrowser/28.0 "),
    "Safari on a Mac": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
    "Edge on Windows": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
    "a program": "curl/8.5.0",
    "nothing said": "",
}


@pytest.mark.parametrize("app", APPS)
def test_apps(app: str):
    """An app that shows pages in itself is known, and named where it names itself."""
    user_agent, expected = APPS[app]
    assert embedded_in(user_agent) == Embedded(*expected)


@pytest.mark.parametrize("browser", BROWSERS)
def test_browsers(browser: str):
    """No browser is taken for an app, nor is a browser's tab that an app has opened."""
    assert embedded_in(BROWSERS[browser]) is None


def test_android_says_it_in_headers():
    """A webview of Android's is known by its client hint, or by the header that names the app's package."""
    chrome = ANDROID.format("", "")
    assert embedded_in(chrome, '"Android WebView";v="142", "Chromium";v="142"') == Embedded("", "android")
    assert embedded_in(chrome, "", "com.example.app") == Embedded("", "android")
    assert embedded_in(chrome, '"Google Chrome";v="142"', "XMLHttpRequest") is None


def test_essays_cost_nothing():
    """Only the beginning of what a browser says is looked at."""
    assert embedded_in("x" * LONGEST + "Instagram") is None


@pytest.mark.parametrize(
    ("policy", "refuses", "accepted", "stopped"),
    [
        ("warn", False, False, True),
        ("warn", False, True, False),
        ("warn", True, True, True),
        ("block", False, True, True),
        ("block", True, False, True),
        ("allow", False, False, False),
        ("allow", True, False, False),
    ],
)
def test_policy(policy, refuses: bool, accepted: bool, stopped: bool):
    """A warning may be passed over, a provider's refusal and a client's `block` may not; `allow` never stops anybody."""
    assert stops(policy, provider_refuses=refuses, accepted=accepted) is stopped


@pytest.mark.parametrize(
    ("embedded", "link"),
    [
        (Embedded("Instagram", "ios"), "x-safari-https://a.example/authorize?x=1"),
        (Embedded("", "android"), "intent://a.example/authorize?x=1#Intent;scheme=https;end"),
        (Embedded("LINE", "ios"), "https://a.example/authorize?x=1&openExternalBrowser=1"),
        (Embedded("", "other"), None),
    ],
)
def test_way_out(embedded: Embedded, link: str | None):
    """Each platform's own way from an app into its browser, to the very same address."""
    assert way_out(embedded, "https://a.example/authorize?x=1") == link
