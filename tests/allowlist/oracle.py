"""The rules once more, written as one table of regular expressions. Slow, plain, and sharing nothing with the
package."""

import re
from urllib.parse import unquote_to_bytes

LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
TOP = r"(?=[a-z][a-z0-9-])" + LABEL
PORT = r"(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
PLAIN = r"[A-Za-z0-9\-._~:@!$&()+,;=]"
SEGMENT = rf"(?!\.{{1,2}}(?:[/?]|$))(?:{PLAIN}|%[0-9A-F]{{2}})+"
PATH = rf"/(?:{SEGMENT}(?:/{SEGMENT})*/?)?"
QUERY = rf"(?:\?(?:{PLAIN}|[/?]|%[0-9A-F]{{2}})+)?"
EXPO_HOST = rf"(?:{OCTET}(?:\.{OCTET}){{3}}|(?:{LABEL}\.)*(?!(?:[0-9]+|0x[0-9a-f]*)(?:[:/?]|$)){LABEL})"
PRIVATE_HOST = r"(?!(?i:expo-development-client)(?:[/?]|$))[A-Za-z0-9._-]{1,253}"
SCHEME = r"(?=[a-z][a-z0-9+.-]{1,62}[a-z0-9]:)[a-z0-9+.-]+"

REFUSED = (
    "javascript vbscript livescript mocha data about blob filesystem file view-source wyciwyg jar resource res cid mid "
    "mhtml applewebdata intent content android-app android.resource package market app-settings app-prefs prefs "
    "shortcuts workflow googlechrome firefox microsoft-edge edge opera brave vivaldi tel sms smsto mms mmsto mailto "
    "facetime facetime-audio callto sip sips skype geo maps xmpp irc ircs ftp ftps sftp scp ssh telnet rlogin gopher "
    "tftp ldap ldaps smb cifs nfs afp ws wss rtsp rtmp news nntp snews wais dict git svn rsync imap pop magnet webcal "
    "feed urn oob tag otpauth fido bitcoin ethereum search search-ms shell vscode vscode-insiders localhost unix null"
)
ANSWER = (
    "access_token code error error_description error_uri expires_in id_token iss response session_state state"
)
ANSWER += " token_type"
NEVER_ESCAPED = {*range(0x21), 0x7F, *b"/\\%?#", *b"-._~"} - {0x20}
NEVER_ESCAPED |= {*range(0x30, 0x3A), *range(0x41, 0x5B), *range(0x61, 0x7B)}

OWNED = rf"(?:{'|'.join(map(re.escape, REFUSED.split()))}|exps?):"
OWNED += r"|http|web\+|ms-|itms|x-apple|chrome-|moz-|safari-|exp\+"

# name: the whole entry, development only
ENTRIES = {
    "https": (rf"https://(?:{LABEL}\.)+{TOP}(?!:443/)(?::{PORT})?{PATH}{QUERY}", False),
    "loopback": (rf"http://(?:127\.0\.0\.1|\[::1\]|localhost)(?::{PORT})?{PATH}{QUERY}", False),
    "expo": (rf"exps?://{EXPO_HOST}(?::{PORT})?(?:{PATH})?{QUERY}", True),
    "expo pattern": (rf"exps?://(?:{EXPO_HOST}|\*\.exp\.direct)(?::{PORT}|:\*)?(?:{PATH})?{QUERY}", True),
    "expo build": (rf"(?=exp\+){SCHEME}:(?://(?:{PRIVATE_HOST})?(?:{PATH})?|{PATH}){QUERY}", True),
    "private use": (
        rf"(?!{OWNED}){SCHEME}:(?://(?:{PRIVATE_HOST})?(?:{PATH})?|{PATH}){QUERY}",
        False,
    ),
}


def valid(url, development):
    """Whether the entry may stand on the list."""
    host = re.match(r"[^:]*://([^:/?]*)", url)
    return (
        1 <= len(url) <= 1024
        and not (host and len(host[1]) > 253)
        and any(re.fullmatch(shape, url) and development >= flag for shape, flag in ENTRIES.values())
        and escapes_are_canonical(url)
        and not carries_an_answer(url)
    )


def escapes_are_canonical(url):
    if any(int(digits, 16) in NEVER_ESCAPED for digits in re.findall("%(..)", url)):
        return False
    return unquote_to_bytes(url) == unquote_to_bytes(url).decode("utf-8", "replace").encode()


def carries_an_answer(url):
    names = [re.match("[^=]*", part)[0] for part in re.split("[&;]", url.partition("?")[2])]
    return any(unquote_to_bytes(name).decode().casefold() in ANSWER.split() for name in names)


def admits(url, development, candidate):
    """Whether a valid entry admits the candidate, in development mode."""
    if not valid(url, development) or len(candidate) > 1024:
        return False
    if url.startswith("http://"):
        host, tail = re.fullmatch(r"(http://(?:\[::1\]|[^:/]+))(?::[0-9]+)?(/.*)", url).groups()
        return bool(re.fullmatch(rf"{re.escape(host)}(?::{PORT})?{re.escape(tail)}", candidate))
    admitted = re.escape(url).replace(r":\*", f":{PORT}").replace(r"//\*", f"//{LABEL}")
    return bool(re.fullmatch(admitted, candidate))
