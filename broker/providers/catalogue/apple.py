"""Sign in with Apple: OpenID Connect with a posted callback, a client secret minted per call, a name told once."""

import jwt
import msgspec

from broker.core.identity import Identity
from broker.core.provider_field import ProviderField
from broker.providers.attributes import Claims, from_openid_claims, truth
from broker.providers.documented import Documented
from broker.providers.lifecycle import Lifecycle
from broker.providers.native import Native, Sdk, SdkCode
from broker.providers.provider import Connection, Provider
from broker.providers.setup import Setup

ISSUER = "https://appleid.apple.com"
JWKS_URI = "https://appleid.apple.com/auth/keys"
SECRET_LIFETIME = 300  # seconds; Apple allows six months, a call needs one
RELAY = "@privaterelay.appleid.com"


def to_identity(claims: Claims) -> Identity:
    """Apple runs its relay's addresses. Any other was verified when the Apple account was made, whoever has it now."""
    who = from_openid_claims(claims)
    relayed = truth(claims.get("is_private_email")) is True or (who.email or "").lower().endswith(RELAY)
    return msgspec.structs.replace(who, email_authoritative=who.email_verified is True and relayed)


def mint_client_secret(connection: Connection, now: int) -> str:
    """An ES256 JWT signed with the team's key; `aud` is Apple's fixed value, one string (OC-09)."""
    claims = {
        "iss": connection.credentials["team_id"],
        "sub": connection.client_id,
        "aud": ISSUER,
        "iat": now,
        "exp": now + SECRET_LIFETIME,
    }
    key_id = connection.credentials["key_id"]
    return jwt.encode(claims, connection.credentials["private_key"], "ES256", {"kid": key_id})


# Apple asks to send a refresh token no more than once a day and may refuse beyond that: leave `refresh_ahead` off, its
# access tokens open no API that a backend would call daily. No lifetime of a refresh token is documented: it lasts until
# it is revoked or the account's password changes.
LIFECYCLE = Lifecycle(
    sources={
        "https://developer.apple.com/documentation/signinwithapple/verifying-a-user": ("rotates",),
        "https://developer.apple.com/documentation/technotes/tn3194-handling-account-deletions-and-revoking-tokens-for-sign-in-with-apple": (
            "revokes",
        ),
    },
    rotates=False,
    revokes="refresh_token",
)

DOCS = "https://developer.apple.com/documentation"

# The nonce of the request stands in the token as it is, the bundle id in `aud`. The code beside it is the bundle id's: it
# is exchanged by it, with a secret minted for it, and without a redirect URI.
NATIVE = Native(
    sources=(
        f"{DOCS}/authenticationservices/asauthorizationopenidrequest/nonce",
        f"{DOCS}/signinwithapplerestapi/verifying-a-user",
        f"{DOCS}/signinwithapplerestapi/generate-and-validate-tokens",
    ),
    issuers=(ISSUER,),
    jwks_uri=JWKS_URI,
    sdks={"ios": Sdk(audiences=("ios",), presenters=("ios",), code=SdkCode(client="app"))},
    tells_name=True,
)

# https://developer.apple.com/documentation/signinwithapple/processing-changes-for-sign-in-with-apple-accounts
# names `account-deleted`; `account-delete` is what was sent before, and was still seen.
NOTIFICATIONS = {
    "consent-revoked": "consent_revoked",
    "account-deleted": "account_deleted",
    "account-delete": "account_deleted",
    "email-disabled": "email_disabled",
    "email-enabled": "email_enabled",
}

PROVIDER = Provider(
    id="apple",
    name="Apple",
    source="https://developer.apple.com/documentation/signinwithapplerestapi",
    issuer=ISSUER,
    authorization_endpoint="https://appleid.apple.com/auth/authorize",
    token_endpoint="https://appleid.apple.com/auth/token",
    revocation_endpoint="https://appleid.apple.com/auth/revoke",
    jwks_uri=JWKS_URI,
    algorithms=("RS256",),
    scopes=("name", "email"),
    scope_labels={
        "name": "Learn your name, once",
        "email": "See your e-mail address, or one that Apple forwards to it",
    },
    pkce=False,  # Apple documents none; the nonce in the signed ID token binds the flow
    fields=(
        ProviderField(name="team_id", label="the developer team's ten characters", pattern=r"[A-Z0-9]{10}"),
        ProviderField(
            name="key_id", label="identifier of the key for Sign in with Apple", pattern=r"[A-Z0-9]{10}"
        ),
        ProviderField(
            name="private_key",
            label="contents of that key's `.p8` file, with its line breaks",
            secret=True,
            pattern=r"-----BEGIN PRIVATE KEY-----[A-Za-z0-9+/=\s]{100,2000}-----END PRIVATE KEY-----\s*",
        ),
    ),
    response_mode="form_post",  # Apple insists on it when a scope is asked
    prompts=(),
    lifecycle=LIFECYCLE,
    native=NATIVE,
    notifications=NOTIFICATIONS,
    to_identity=to_identity,
    mint_client_secret=mint_client_secret,
    setup=Setup(
        console="https://developer.apple.com/account/resources/identifiers",
        steps=(
            "Switch *Sign in with Apple* on for your app's App ID, or for a new one",
            "Register a *Services ID*, switch *Sign in with Apple* on, and configure it with that App ID as primary",
            "There enter the broker's host as domain and {callback} as *Return URL*",
            "Under *Keys* make a key for *Sign in with Apple* and download its `.p8` file, which is given once",
            "Under *Services*, *Sign in with Apple for Email Communication* register each address that you send mail from",
        ),
        client_id="identifier of the Services ID",
        review="None, but the paid developer program is needed. The App Store wants an app that lets people make an account "
        "to let them delete it too, and the grant at Apple with it.",
        pitfalls=(
            "The return URL must be https and on a public name: neither localhost nor an IP address",
            "The name comes with a person's first consent only; to get it again they must remove the app at account.apple.com",
            "Mail to a forwarding address bounces when its sender is not registered",
        ),
    ),
    documented=Documented(
        token={  # names no scope
            "access_token": "{access_token}",
            "token_type": "Bearer",
            "expires_in": "{expires_in}",
            "refresh_token": "{refresh_token?}",
            "id_token": "{id_token?}",
        },
        claims={
            "sub": "{subject}",
            "email": "{email?}",
            "email_verified": "{email_verified_text?}",
            "nonce_supported": True,
        },
        email_scope="email",
        name_scope="name",
    ),
)
