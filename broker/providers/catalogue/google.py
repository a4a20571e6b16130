"""Google: OpenID Connect; the ID token says it all, and two scopes come back under longer names."""

from typing import Any

import msgspec

from broker.core.identity import Identity
from broker.providers.attributes import Claims, from_openid_claims, text
from broker.providers.calls import TokenCall
from broker.providers.documented import Documented
from broker.providers.lifecycle import DAY, Lifecycle
from broker.providers.native import Native, Sdk, SdkCode
from broker.providers.provider import Provider
from broker.providers.setup import Setup

OAUTH2 = "https://developers.google.com/identity/protocols/oauth2"
JWKS_URI = "https://www.googleapis.com/oauth2/v3/certs"
REVOCATION_ENDPOINT = "https://oauth2.googleapis.com/revoke"

MAILBOXES = ("@gmail.com", "@googlemail.com")


def to_identity(claims: Claims) -> Identity:
    """Google runs the mailboxes of Gmail, and with `hd` it hosts the domain for its owner. Of any other address it only
    knows that somebody once read a letter there."""
    who = from_openid_claims(claims)
    hosted = (who.email or "").lower().endswith(MAILBOXES) or text(claims, "hd") is not None
    return msgspec.structs.replace(who, email_authoritative=who.email_verified is True and hosted)


# A refresh token also ends after seven days while the Google Cloud project is in the status "Testing", when a person
# who granted a Gmail scope changes the password, and when a person has given one client more than a hundred.
LIFECYCLE = Lifecycle(
    sources={
        f"{OAUTH2}/web-server": (
            "rotates",
            "offline_params",
            "consent_params",
            "revokes",
            "revocation_call",
        ),
        f"{OAUTH2}#expiration": ("refresh_idle",),
    },
    rotates=False,
    refresh_idle=180 * DAY,  # "six months"
    offline_params={"access_type": "offline"},
    consent_params={"prompt": "consent"},  # without it a refresh token comes at a person's first consent only
    # It ends all that the person granted to the project, so every client of the same Google Cloud project. The token
    # is the whole proof: no client authentication is asked for.
    revokes="refresh_token",
    revocation_call=TokenCall(method="POST", url=REVOCATION_ENDPOINT, parameters={"token": "{token}"}),
)

LONGER = {
    "https://www.googleapis.com/auth/userinfo.email": "email",
    "https://www.googleapis.com/auth/userinfo.profile": "profile",
}


def read_answer(said: Any) -> Any:
    """Granted scopes under the names by which they were asked for."""
    if not isinstance(said, dict) or not isinstance(said.get("scope"), str):
        return said
    return {**said, "scope": " ".join(LONGER.get(each, each) for each in said["scope"].split())}


# The nonce stands in the token as it was given, on Android (`setNonce`), on iOS from GoogleSignIn 9.0 on, and on the web.
# Where an app names its server, as on Android it must, the server's web client is the audience and the app is `azp`.
# The server auth code is that web client's; an empty redirect URI goes with it.
SERVER_CODE = SdkCode(client="connection", redirect_uri="")
NATIVE = Native(
    sources=(
        "https://developers.google.com/identity/gsi/web/guides/verify-google-id-token",
        "https://developers.google.com/identity/openid-connect/reference",
        "https://developer.android.com/identity/sign-in/credential-manager-siwg",
        "https://developers.google.com/identity/sign-in/ios/offline-access",
    ),
    issuers=("https://accounts.google.com", "accounts.google.com"),
    jwks_uri=JWKS_URI,
    sdks={
        "ios": Sdk(audiences=("ios", "web"), presenters=("ios",), code=SERVER_CODE),
        "android": Sdk(audiences=("web",), presenters=("android",), code=SERVER_CODE),
        "web": Sdk(audiences=("web",), presenters=("web",)),
    },
)

PROVIDER = Provider(
    id="google",
    name="Google",
    source="https://developers.google.com/identity/openid-connect/openid-connect",
    issuer="https://accounts.google.com",
    authorization_endpoint="https://accounts.google.com/o/oauth2/v2/auth",
    token_endpoint="https://oauth2.googleapis.com/token",
    userinfo_endpoint="https://openidconnect.googleapis.com/v1/userinfo",
    revocation_endpoint=REVOCATION_ENDPOINT,
    jwks_uri=JWKS_URI,
    algorithms=("RS256",),
    scopes=("openid", "email", "profile"),
    scope_labels={
        "openid": "Know that it is you",
        "email": "See your e-mail address",
        "profile": "See your name and picture",
        "https://www.googleapis.com/auth/calendar.readonly": "See your calendars",
        "https://www.googleapis.com/auth/calendar.events": "See and change events in your calendars",
        "https://www.googleapis.com/auth/contacts.readonly": "See your contacts",
        "https://www.googleapis.com/auth/drive.file": "Use the Drive files that you open with this app",
        "https://www.googleapis.com/auth/drive.readonly": "See your Drive files",
        "https://www.googleapis.com/auth/spreadsheets": "See and change your spreadsheets",
        "https://www.googleapis.com/auth/gmail.readonly": "Read your e-mail",
        "https://www.googleapis.com/auth/gmail.send": "Send e-mail as you",
        "https://www.googleapis.com/auth/tasks": "See and change your tasks",
        "https://www.googleapis.com/auth/youtube.readonly": "See your YouTube account",
    },
    authorization_parameters={
        "include_granted_scopes": "true"
    },  # an answer holds what was granted before, too
    prompts=("consent", "select_account"),
    refuses_webviews=True,  # disallowed_useragent; https://developers.google.com/identity/protocols/oauth2/policies#browsers
    lifecycle=LIFECYCLE,
    native=NATIVE,
    to_identity=to_identity,
    read_answer=read_answer,
    setup=Setup(
        console="https://console.cloud.google.com/auth/clients",
        steps=(
            "Make or choose a project, and fill in its consent screen (Branding, Audience, Data access)",
            "Create an OAuth client of the type *Web application*, whatever your app is: the broker is what signs in",
            "Paste {callback} under *Authorized redirect URIs*, and copy the secret, which is shown once",
            "Under *Data access* add each scope that your apps ask for, and enable its API in the project",
            "Publish the app under *Audience*",
        ),
        review="While the audience is *Testing* only listed test users, at most 100, can sign in, and refresh tokens end "
        "after seven days. Once published, anybody can sign in. Sensitive scopes need Google's verification, restricted ones "
        "(reading Gmail, most of Drive) a yearly security assessment too; before it people are warned, and 100 may pass.",
        pitfalls=(
            "A client of the type iOS or Android has no secret and does not work here; those ids are for native sign-in",
            "One project for development and production makes revoking in one end the grants of both",
            "People may untick single scopes: look at which were granted",
        ),
    ),
    documented=Documented(email_scope="email", name_scope="profile"),
)
