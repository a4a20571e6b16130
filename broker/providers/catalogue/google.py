"""Google: OpenID Connect; the ID token says it all."""

from broker.providers.attributes import from_openid_claims
from broker.providers.calls import TokenCall
from broker.providers.documented import Documented
from broker.providers.lifecycle import DAY, Lifecycle
from broker.providers.provider import Provider
from broker.providers.setup import Setup

OAUTH2 = "https://developers.google.com/identity/protocols/oauth2"
REVOCATION_ENDPOINT = "https://oauth2.googleapis.com/revoke"

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

PROVIDER = Provider(
    id="google",
    name="Google",
    source="https://developers.google.com/identity/openid-connect/openid-connect",
    issuer="https://accounts.google.com",
    authorization_endpoint="https://accounts.google.com/o/oauth2/v2/auth",
    token_endpoint="https://oauth2.googleapis.com/token",
    userinfo_endpoint="https://openidconnect.googleapis.com/v1/userinfo",
    revocation_endpoint=REVOCATION_ENDPOINT,
    jwks_uri="https://www.googleapis.com/oauth2/v3/certs",
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
        "https://www.googleapis.com/auth/gmail.readonly": "Read your e-mail",
        "https://www.googleapis.com/auth/gmail.send": "Send e-mail as you",
        "https://www.googleapis.com/auth/tasks": "See and change your tasks",
        "https://www.googleapis.com/auth/youtube.readonly": "See your YouTube account",
    },
    prompts=("consent", "select_account"),
    refuses_webviews=True,  # error 403 disallowed_useragent
    lifecycle=LIFECYCLE,
    to_identity=from_openid_claims,
    setup=Setup(
        console="https://console.cloud.google.com/auth/clients",
        steps=(
            "Make or choose a project, and fill in its consent screen (Branding, Audience, Data access)",
            "Create an OAuth client of the type *Web application*, whatever your app is: the broker is what signs in",
            "Paste {callback} under *Authorized redirect URIs*",
            "Under *Data access* add each scope that your apps ask for",
        ),
        review="While the audience is *Testing* only listed test users, at most 100, can sign in, and refresh tokens end "
        "after seven days. Publish the app; sensitive and restricted scopes (Gmail, most of Drive) need Google's verification.",
        pitfalls=(
            "A client of the type iOS or Android has no secret and does not work here; those ids are for native sign-in",
            "One project for development and production makes revoking in one end the grants of both",
            "Google refuses embedded webviews: use the system browser",
        ),
    ),
    documented=Documented(email_scope="email", name_scope="profile"),
)
