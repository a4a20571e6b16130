"""Salesforce: OpenID Connect by userinfo alone, since no fixed issuer holds for every organization; tokens that end unsaid."""

import msgspec

from broker.core.identity import Identity
from broker.core.provider_field import CLIENT_SECRET, ProviderField
from broker.providers.attributes import Claims, mapped, subject_of
from broker.providers.calls import TokenCall, get
from broker.providers.documented import Documented
from broker.providers.lifecycle import Lifecycle
from broker.providers.provider import Errors, Provider
from broker.providers.setup import Setup

GUIDE = "https://developer.salesforce.com/docs/platform"
OAUTH2 = "https://{host}/services/oauth2"
ORGANIZATION = "00Dxx0000001gPLEAY"


def to_identity(claims: Claims) -> Identity:
    """A person's id is one in its organization only: a sandbox repeats those of the organization it is a copy of. `sub`
    has both, behind a host that need not stay."""
    who = read_user(claims)
    organization = subject_of(claims["user"]["organization_id"])
    return msgspec.structs.replace(who, subject=f"{organization}/{who.subject}")


read_user = mapped(
    subject="user.user_id",
    email="user.email",
    email_verified="user.email_verified",  # true once the person followed a link or gave a code sent there
    name="user.name",
    given_name="user.given_name",
    family_name="user.family_name",
    username="user.preferred_username",
    picture="user.picture",
)

# No answer says when an access token ends: it lives as a session does, two hours unless the organization or the app's
# policy sets another time. So do the rotation and the life of refresh tokens depend on the app's policy.
LIFECYCLE = Lifecycle(
    sources={
        f"{GUIDE}/api-metadata/guide/meta-error-handling-session-exp.html": ("access_lifetime",),
        f"{GUIDE}/mobile-sdk/guide/oauth-scope-parameter-values.html": ("offline_scope",),
        f"{GUIDE}/mobile-sdk/guide/oauth-revoking-tokens.html": ("revokes", "revocation_call"),
    },
    access_lifetime=2 * 3600,
    offline_scope="refresh_token",
    revokes="refresh_token",  # with the access tokens that came of it
    revocation_call=TokenCall(method="POST", url=f"{OAUTH2}/revoke", parameters={"token": "{token}"}),
)

PROVIDER = Provider(
    id="salesforce",
    name="Salesforce",
    source="https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_web_server_flow.htm",
    authorization_endpoint=f"{OAUTH2}/authorize",
    token_endpoint=f"{OAUTH2}/token",
    scopes=("openid", "profile", "email", "refresh_token"),
    scope_labels={
        "openid": "Know that it is you",
        "profile": "See your name and picture",
        "email": "See your e-mail address",
        "refresh_token": "Stay connected while you are away",
        "address": "See your address",
        "phone": "See your phone number",
        "api": "See and change your Salesforce data",
        "chatter_api": "Use Chatter as you",
        "wave_api": "Use your Analytics data",
        "cdp_query_api": "Query your Data Cloud",
        "custom_permissions": "See your custom permissions",
        "full": "Do everything that you may do in Salesforce",
    },
    fields=(
        CLIENT_SECRET,
        ProviderField(
            name="host",
            label="host where people sign in: `login.salesforce.com`, `test.salesforce.com` for sandboxes, or your My Domain",
            pattern=r"(login|test)\.salesforce\.com"
            r"|[a-z0-9][a-z0-9-]{0,79}(\.[a-z]{1,20})?\.my\.(salesforce|site)\.com",
            default="login.salesforce.com",
        ),
    ),
    lifecycle=LIFECYCLE,
    errors=Errors(bad_client=("invalid_client", "invalid_client_id")),
    profile={"user": get(f"{OAUTH2}/userinfo")},
    to_identity=to_identity,
    setup=Setup(
        console="https://login.salesforce.com",
        steps=(
            "In *Setup* open the *External Client App Manager* and make a new app with OAuth enabled",
            "Paste {callback} as *Callback URL*",
            "Select the scopes for identity, `refresh_token` and whatever your apps ask for",
            "Leave PKCE required and a secret required for the web server flow",
            "Copy the consumer key and secret; a new app needs some minutes until it works",
        ),
        client_id="consumer key",
        review="An app works at once for people of the organization that made it. Other organizations have to install it "
        "first, or their admins must allow apps that are not installed.",
        pitfalls=(
            "A session timeout of less than two hours ends access tokens sooner than the broker believes: give the app two hours",
            "A scope that the app does not have is refused with `invalid_scope`",
            "A policy that binds the app to IP addresses also holds for the broker's refreshes",
        ),
    ),
    documented=Documented(
        token={
            "access_token": "{access_token}",
            "refresh_token": "{refresh_token?}",
            "signature": "CMJ4l+CCaPQiKjoOEwEig9H4wqhpuLSk4J2urAe+fVg=",
            "scope": "{scope}",
            "instance_url": "https://example.my.salesforce.com",
            "id": f"https://login.salesforce.com/id/{ORGANIZATION}/{{subject}}",
            "token_type": "Bearer",
            "issued_at": "1558553873237",
        },
        profile={
            "user": {
                "sub": f"https://login.salesforce.com/id/{ORGANIZATION}/{{subject}}",
                "user_id": "{subject}",
                "organization_id": ORGANIZATION,
                "preferred_username": "{username}",
                "name": "{name}",
                "given_name": "{given_name}",
                "family_name": "{family_name}",
                "email": "{email?}",
                "email_verified": "{email_verified?}",
                "picture": "{picture?}",
                "active": True,
                "user_type": "STANDARD",
            }
        },
        email_scope="email",
        name_scope="profile",
    ),
)
