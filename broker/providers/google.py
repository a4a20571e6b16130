"""Google: OpenID Connect; the ID token says it all."""

from broker.providers.lifecycle import DAY, Lifecycle, TokenCall
from broker.providers.native import Native, Sdk, SdkCode
from broker.providers.provider import Provider, from_openid_claims

OAUTH2 = "https://developers.google.com/identity/protocols/oauth2"
JWKS_URI = "https://www.googleapis.com/oauth2/v3/certs"
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

GOOGLE = Provider(
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
    prompts=("consent", "select_account"),
    lifecycle=LIFECYCLE,
    native=NATIVE,
    to_identity=from_openid_claims,
)
