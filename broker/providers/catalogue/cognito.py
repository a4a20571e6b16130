"""Amazon Cognito: OpenID Connect of one user pool, whose issuer is at another host than its endpoints; no offline scope."""

from broker.core.provider_field import CLIENT_SECRET, HOST, ProviderField
from broker.providers.attributes import from_openid_claims
from broker.providers.documented import STANDARD_TOKEN, Documented
from broker.providers.lifecycle import Lifecycle
from broker.providers.provider import Provider
from broker.providers.setup import Setup

DOCS = "https://docs.aws.amazon.com/cognito/latest/developerguide"
ISSUER = "https://cognito-idp.{region}.amazonaws.com/{user_pool_id}"
REGION = r"[a-z]{2}(-[a-z]{1,16}){1,3}-[0-9]"

# A refresh token comes by itself and lasts thirty days unless the app client sets another time. It stays as it is, unless
# the app client has rotation switched on.
LIFECYCLE = Lifecycle(
    sources={f"{DOCS}/revocation-endpoint.html": ("revokes",)},
    revokes="refresh_token",
)

PROVIDER = Provider(
    id="cognito",
    name="Amazon Cognito",
    source=f"{DOCS}/authorization-endpoint.html",
    issuer=ISSUER,
    authorization_endpoint="https://{domain}/oauth2/authorize",
    token_endpoint="https://{domain}/oauth2/token",
    userinfo_endpoint="https://{domain}/oauth2/userInfo",
    revocation_endpoint="https://{domain}/oauth2/revoke",
    jwks_uri=f"{ISSUER}/.well-known/jwks.json",
    algorithms=("RS256",),
    scopes=("openid", "email", "profile"),
    scope_labels={
        "openid": "Know that it is you",
        "email": "See your e-mail address",
        "profile": "See your name and other attributes of your account",
        "phone": "See your phone number",
        "aws.cognito.signin.user.admin": "See and change your account",
    },
    # `client_secret_post`: beside a PKCE verifier Cognito was seen to refuse Basic (github.com/pilcrowonpaper/arctic/issues/175).
    fields=(
        CLIENT_SECRET,
        ProviderField(name="region", label="pool's AWS region, such as `eu-central-1`", pattern=REGION),
        ProviderField(
            name="user_pool_id",
            label="user pool ID, such as `eu-central-1_aBcDeFgHi`",
            pattern=rf"{REGION}_[A-Za-z0-9]{{1,32}}",
        ),
        ProviderField(
            name="domain",
            label="pool's domain, such as `example.auth.eu-central-1.amazoncognito.com`, or the custom one",
            pattern=HOST,
        ),
    ),
    lifecycle=LIFECYCLE,
    to_identity=from_openid_claims,
    setup=Setup(
        console="https://console.aws.amazon.com/cognito/v2/idp/user-pools",
        steps=(
            "In the user pool create an app client of the type *Traditional web application*, which has a secret",
            "On its login pages paste {callback} under *Allowed callback URLs* and choose *Authorization code grant*",
            "There too enable the scopes `openid`, `email`, `profile` and each that your apps ask for",
            "Under *Branding* make sure that the pool has a domain",
        ),
        client_id="client ID",
        review="None: everybody in the pool can sign in at once, and whoever signs up there if the pool allows it.",
        pitfalls=(
            "A pool without a domain has none of the endpoints",
            "A choice of account, or consent, is asked of outside identity providers only; the older hosted UI knows no prompt",
            "People from outside identity providers have a verified e-mail only if that attribute is mapped",
        ),
    ),
    documented=Documented(
        token={name: told for name, told in STANDARD_TOKEN.items() if name != "scope"},
        claims={
            "sub": "{subject}",
            "cognito:username": "{subject}",
            "token_use": "id",
            "email": "{email?}",
            "email_verified": "{email_verified?}",
            "name": "{name?}",
            "given_name": "{given_name?}",
            "family_name": "{family_name?}",
            "preferred_username": "{username?}",
        },
        email_scope="email",
        name_scope="profile",
    ),
)
