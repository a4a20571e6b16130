"""LinkedIn: OpenID Connect whose ID tokens leave out our nonce, so userinfo says who came."""

from broker.providers.attributes import mapped
from broker.providers.calls import get
from broker.providers.documented import Documented
from broker.providers.lifecycle import DAY, Lifecycle
from broker.providers.provider import Errors, Provider
from broker.providers.setup import Setup

DOCS = "https://learn.microsoft.com/en-us/linkedin"

# An access token lives sixty days. Only approved marketing partners get a refresh token, and using it does not prolong
# it; all others send the person through again. Nothing is documented by which an app gives a grant back: a person
# removes it at https://www.linkedin.com/psettings/permitted-services.
LIFECYCLE = Lifecycle(
    sources={f"{DOCS}/shared/authentication/programmatic-refresh-tokens": ("refresh_lifetime",)},
    refresh_lifetime=365 * DAY,
)

PROVIDER = Provider(
    id="linkedin",
    name="LinkedIn",
    source=f"{DOCS}/consumer/integrations/self-serve/sign-in-with-linkedin-v2",
    authorization_endpoint="https://www.linkedin.com/oauth/v2/authorization",
    token_endpoint="https://www.linkedin.com/oauth/v2/accessToken",
    scopes=("openid", "profile", "email"),
    scope_labels={
        "openid": "Know that it is you",
        "profile": "See your name and picture",
        "email": "See your e-mail address",
        "w_member_social": "Post, comment and like as you",
        "r_basicprofile": "See your headline and profile address",
        "r_organization_social": "Read posts of your company pages",
        "w_organization_social": "Post for your company pages",
        "rw_organization_admin": "Manage your company pages",
        "r_ads": "See your ad campaigns",
        "rw_ads": "Manage your ad campaigns",
    },
    pkce=False,  # for the native flow only, which has an endpoint of its own; in this one a verifier is an error
    prompts=(),
    lifecycle=LIFECYCLE,
    errors=Errors(bad_code=("invalid_request", "invalid_redirect_uri")),
    profile={"user": get("https://api.linkedin.com/v2/userinfo")},
    to_identity=mapped(
        subject="user.sub",
        email="user.email",
        email_verified="user.email_verified",
        name="user.name",
        given_name="user.given_name",
        family_name="user.family_name",
        picture="user.picture",
    ),
    setup=Setup(
        console="https://www.linkedin.com/developers/apps",
        steps=(
            "Create an app for a LinkedIn page of your company, and have the page's admin verify it",
            "On the tab *Products* add *Sign In with LinkedIn using OpenID Connect*",
            "On the tab *Auth* paste {callback} under *Authorized redirect URLs*",
        ),
        review="None for signing in or *Share on LinkedIn*: both products are granted at once. What concerns company "
        "pages and ads takes a vetting of weeks.",
        pitfalls=(
            "Without the product every sign-in ends with `unauthorized_scope_error`",
            "A sign-in with other scopes than before ends the person's earlier tokens: let all apps ask for the same",
            "There are no refresh tokens, so a connection must be made anew after sixty days",
        ),
    ),
    documented=Documented(
        token={
            "access_token": "{access_token}",
            "expires_in": "{expires_in}",
            "scope": "{scope_commas}",
            "token_type": "Bearer",
        },
        profile={
            "user": {
                "sub": "{subject}",
                "name": "{name?}",
                "given_name": "{given_name?}",
                "family_name": "{family_name?}",
                "locale": "en-US",
                "email": "{email?}",
                "email_verified": "{email_verified?}",
            }
        },
        email_scope="email",
        name_scope="profile",
        refresh_token=False,
    ),
)
