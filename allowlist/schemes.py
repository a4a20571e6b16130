"""Which schemes may bring a person back to an app, and what may follow each (RFC 8252 section 7).

The tables are the rule. A scheme that no table names belongs to whichever app registers it: private use.
"""

import re
from collections.abc import Callable
from ipaddress import AddressValueError, IPv4Address

from allowlist.errors import InvalidRedirectUri

EXPO = frozenset({"exp", "exps"})
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "[::1]", "localhost"})
LAUNCHER = "expo-development-client"  # as a host it makes a development build load code from an address

# Operating systems, browsers and whole families of apps act on these; `web+` any web page may claim.
REFUSED_PREFIXES = ("http", "web+", "ms-", "itms", "x-apple", "chrome-", "moz-", "safari-")
REFUSED_NAMES = frozenset(
    """
    javascript vbscript livescript mocha data about blob filesystem file view-source wyciwyg jar resource res
    cid mid mhtml applewebdata
    intent content android-app android.resource package market app-settings app-prefs prefs shortcuts workflow
    googlechrome firefox microsoft-edge edge opera brave vivaldi
    tel sms smsto mms mmsto mailto facetime facetime-audio callto sip sips skype geo maps xmpp irc ircs
    ftp ftps sftp scp ssh telnet rlogin gopher tftp ldap ldaps smb cifs nfs afp ws wss rtsp rtmp news nntp
    snews wais dict git svn rsync imap pop
    magnet webcal feed urn oob tag otpauth fido bitcoin ethereum search search-ms shell vscode vscode-insiders
    localhost unix null
    """.split()  # noqa: SIM905 -- a table of words, not a hundred lines
)

SPELLING = re.compile(r"[a-z][a-z0-9+.-]*[a-z0-9]")
LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
DNS_NAME = re.compile(rf"{LABEL}(?:\.{LABEL})*")
LAST_LABEL = re.compile(r"[a-z].+")
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
PRIVATE_USE_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}")

Rule = Callable[[str | None, int | None, str], None]


def rule_for(scheme: str) -> Rule:
    """What a scheme asks of host, port and path. Raises InvalidRedirectUri for one that may not be used."""
    if not 3 <= len(scheme) <= 64 or not SPELLING.fullmatch(scheme):
        reason = "the scheme is not 3 to 64 lower-case letters, digits, `+`, `.` or `-`, a letter first"
        raise InvalidRedirectUri(reason)
    if scheme in RULES:
        return RULES[scheme]
    if scheme in REFUSED_NAMES or scheme.startswith(REFUSED_PREFIXES):
        raise InvalidRedirectUri(f"the scheme {scheme} is not one that an app can own")
    return private_use


def needs_development(scheme: str) -> bool:
    """Whether only a developer's machine answers to the scheme: Expo Go and Expo's development builds."""
    return scheme in EXPO or scheme.startswith("exp+")


def is_short(scheme: str) -> bool:
    """Whether it is a private-use scheme that does not name its owner by a reversed domain (RFC 8252 section
    7.1)."""
    return rule_for(scheme) is private_use and "." not in scheme and not needs_development(scheme)


def https(host: str | None, port: int | None, path: str) -> None:
    labels = dns_labels(host)
    if len(labels) < 2 or not LAST_LABEL.fullmatch(labels[-1]):
        raise InvalidRedirectUri(
            "the host of an https URL is a full domain name, not an address or a single word"
        )
    if port == 443:
        raise InvalidRedirectUri("443 is the port of https anyway and is not written")
    if not path:
        raise InvalidRedirectUri("the path is at least `/`")


def loopback(host: str | None, _port: int | None, path: str) -> None:
    if host not in LOOPBACK_HOSTS:
        raise InvalidRedirectUri("http is only for 127.0.0.1, [::1] and localhost; other hosts need https")
    if not path:
        raise InvalidRedirectUri("the path is at least `/`")


def expo(host: str | None, _port: int | None, _path: str) -> None:
    if host and is_ipv4(host):
        return
    if NUMBER.fullmatch(dns_labels(host)[-1]):
        raise InvalidRedirectUri("the host is neither a domain name nor an IPv4 address in plain decimals")


def private_use(host: str | None, port: int | None, _path: str) -> None:
    if port is not None:
        raise InvalidRedirectUri("a URL with a scheme of the app's own has no port")
    if host and not PRIVATE_USE_HOST.fullmatch(host):
        raise InvalidRedirectUri("the host has other characters than letters, digits, `.`, `_` and `-`")
    if host and host.lower() == LAUNCHER:
        raise InvalidRedirectUri(f"{LAUNCHER} is a command that loads code, not a place to return to")


RULES: dict[str, Rule] = {"https": https, "http": loopback, "exp": expo, "exps": expo}


def dns_labels(host: str | None) -> list[str]:
    """The labels of a lower-case DNS name (RFC 1123 section 2.1). Raises InvalidRedirectUri."""
    if not host or len(host) > 253 or not DNS_NAME.fullmatch(host):
        raise InvalidRedirectUri("the host is not a domain name in lower case")
    return host.split(".")


def is_ipv4(host: str) -> bool:
    try:
        return str(IPv4Address(host)) == host
    except AddressValueError:
        return False
