"""Facebook: OAuth 2 without ID tokens or refresh tokens; its Graph API wants a proof with each call."""

from urllib.parse import urlencode

from broker.core.identity import Identity
from broker.providers.lifecycle import DAY, Lifecycle, TokenCall
from broker.providers.native import Native, Sdk
from broker.providers.provider import Claims, Connection, GetJson, Provider, from_openid_claims, text
from broker.providers.token_requests import appsecret_proof

GRAPH = "https://graph.facebook.com/v23.0"  # a version lives two years at least
FIELDS = "id,name,first_name,last_name,email,picture"
DOCS = "https://developers.facebook.com/docs"


async def fetch_profile(get_json: GetJson, connection: Connection, access_token: str) -> Claims:
    """One call. The proof is worth nothing without the token, which is in the header."""
    proof = appsecret_proof(access_token, connection.credentials["client_secret"])
    query = urlencode({"fields": FIELDS, "appsecret_proof": proof})
    profile: Claims = await get_json(f"{connection.provider.userinfo_endpoint}?{query}", access_token)
    return profile


def to_identity(profile: Claims) -> Identity:
    """The id is one person's at one app and never changes. Whether the e-mail was checked is not said."""
    if not isinstance(profile["id"], str) or not profile["id"].isdigit():
        raise TypeError("id")
    picture = profile.get("picture")
    return Identity(
        subject=profile["id"],
        email=text(profile, "email"),
        name=text(profile, "name"),
        given_name=text(profile, "first_name"),
        family_name=text(profile, "last_name"),
        picture=text(picture["data"], "url") if picture else None,
    )


LONG_LIVED = TokenCall(
    method="GET",
    url=f"{GRAPH}/oauth/access_token",
    parameters={
        "grant_type": "fb_exchange_token",
        "client_id": "{client_id}",
        "client_secret": "{client_secret}",
        "fb_exchange_token": "{token}",
    },
    place="query",
)

# The same exchange takes any valid token of a person and answers with one that lives "about 60 days"; that a
# long-lived one comes back younger is not promised, and none comes for one that is over: its person must sign in again.
LIFECYCLE = Lifecycle(
    sources={
        f"{DOCS}/facebook-login/guides/access-tokens/get-long-lived": (
            "access_lifetime",
            "renewal",
            "exchange",
            "renewal_call",
        ),
        f"{DOCS}/facebook-login/guides/permissions/request-revoke": ("revokes", "revocation_call"),
        f"{DOCS}/graph-api/securing-requests": ("revocation_call",),
    },
    access_lifetime=60 * DAY,
    renewal="access_token",
    exchange=LONG_LIVED,
    renewal_call=LONG_LIVED,
    revokes="access_token",
    revocation_call=TokenCall(
        method="DELETE",
        url=f"{GRAPH}/me/permissions",
        parameters={"appsecret_proof": "{appsecret_proof}"},
        place="query",
        authorization="bearer",
    ),
)


def from_limited_login(claims: Claims) -> Identity:
    """`sub` is the number that the Graph API calls `id`. Whether the e-mail was checked is not said here either."""
    if not claims["sub"].isdigit():
        raise ValueError("sub")
    return from_openid_claims(claims)


# Limited Login, which is what an iPhone gives where tracking was not allowed; the SDK for Android has no ID token. The keys
# of www.facebook.com do not fit these tokens. Their issuer was seen with `www` and, at first, without.
LIMITED_LOGIN = "https://developers.facebook.com/documentation/facebook-login/ios/limited-login"
NATIVE = Native(
    sources=(f"{LIMITED_LOGIN}/token", f"{LIMITED_LOGIN}/token/validating"),
    issuers=("https://www.facebook.com", "https://facebook.com"),
    jwks_uri="https://limited.facebook.com/.well-known/oauth/openid/jwks/",
    sdks={"ios": Sdk(audiences=("ios",), presenters=("ios",))},
    to_identity=from_limited_login,
)

FACEBOOK = Provider(
    id="facebook",
    name="Facebook",
    source=f"{DOCS}/facebook-login/guides/advanced/manual-flow",
    authorization_endpoint="https://www.facebook.com/v23.0/dialog/oauth",
    token_endpoint=f"{GRAPH}/oauth/access_token",
    userinfo_endpoint=f"{GRAPH}/me",
    scopes=("public_profile", "email"),
    scope_separator=",",
    pkce=False,  # documented only beside Facebook's OpenID Connect, which is marked as being tested
    prompts=(),
    lifecycle=LIFECYCLE,
    native=NATIVE,
    to_identity=to_identity,
    fetch_profile=fetch_profile,
)
