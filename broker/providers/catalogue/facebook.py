"""Facebook: OAuth 2 without ID tokens or refresh tokens; its Graph API wants a proof with each call."""

from broker.providers.attributes import mapped
from broker.providers.calls import TokenCall, get
from broker.providers.documented import Documented
from broker.providers.lifecycle import DAY, Lifecycle
from broker.providers.meta import GRAPH_ERRORS
from broker.providers.native import Native, Sdk
from broker.providers.provider import Provider
from broker.providers.setup import Setup

GRAPH = "https://graph.facebook.com/v23.0"  # a version lives two years at least
FIELDS = "id,name,first_name,last_name,email,picture"
DOCS = "https://developers.facebook.com/docs"


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


# Limited Login, which is what an iPhone gives where tracking was not allowed; the SDK for Android has no ID token. The keys
# of www.facebook.com do not fit these tokens. Their issuer was seen with `www` and, at first, without. `sub` is the number
# that the Graph API calls `id`; whether the e-mail was checked is not said here either.
LIMITED_LOGIN = "https://developers.facebook.com/documentation/facebook-login/ios/limited-login"
NATIVE = Native(
    sources=(f"{LIMITED_LOGIN}/token", f"{LIMITED_LOGIN}/token/validating"),
    issuers=("https://www.facebook.com", "https://facebook.com"),
    jwks_uri="https://limited.facebook.com/.well-known/oauth/openid/jwks/",
    sdks={"ios": Sdk(audiences=("ios",), presenters=("ios",))},
    to_identity=mapped(
        number="sub",
        email="email",
        name="name",
        given_name="given_name",
        family_name="family_name",
        picture="picture",
    ),
)

PROVIDER = Provider(
    id="facebook",
    name="Facebook",
    source=f"{DOCS}/facebook-login/guides/advanced/manual-flow",
    authorization_endpoint="https://www.facebook.com/v23.0/dialog/oauth",
    token_endpoint=f"{GRAPH}/oauth/access_token",
    scopes=("public_profile", "email"),
    scope_labels={
        "public_profile": "See your name and picture",
        "email": "See your e-mail address",
        "user_friends": "See which of your friends use this app too",
        "user_birthday": "See your birthday",
        "user_gender": "See your gender",
        "user_age_range": "See your age range",
        "user_location": "See the city that you live in",
        "user_hometown": "See your home town",
        "user_link": "See the address of your profile",
        "user_photos": "See your photos",
        "user_posts": "See your posts",
        "pages_show_list": "See the pages that you manage",
        "pages_read_engagement": "See what happens on your pages",
        "pages_manage_posts": "Post on your pages",
    },
    scope_separator=",",
    pkce=False,  # documented only beside Facebook's OpenID Connect, which is marked as being tested
    prompts=(),
    prompt_parameters={"login": {"auth_type": "reauthenticate"}},
    # Android's, since 2021: https://developers.facebook.com/docs/facebook-login/android/deprecating-webviews
    refuses_webviews=True,
    lifecycle=LIFECYCLE,
    native=NATIVE,
    errors=GRAPH_ERRORS,
    # The proof is worth nothing without the token, which is in the header.
    profile={"user": get(f"{GRAPH}/me", fields=FIELDS, appsecret_proof="{appsecret_proof}")},
    # The id is one person's at one app and never changes. Whether the e-mail was checked is not said.
    to_identity=mapped(
        number="user.id",
        email="user.email",
        name="user.name",
        given_name="user.first_name",
        family_name="user.last_name",
        picture="user.picture.data.url",
    ),
    setup=Setup(
        console="https://developers.facebook.com/apps",
        steps=(
            "Create an app with the use case *Authenticate and request data from users with Facebook Login*",
            "Paste {callback} under *Valid OAuth Redirect URIs* in the settings of Facebook Login",
            "Copy *App ID* and *App secret* from *App settings*, *Basic*",
            "Fill in privacy policy and data deletion, ask for Advanced Access to `public_profile` and `email`",
            "Switch the app to *Live*",
        ),
        client_id="App ID",
        review="Before the app is *Live* only people with a role on it can sign in. Every scope beyond `public_profile` "
        "and `email` needs Meta's App Review.",
        pitfalls=(
            "With Standard Access to `email` the team gets addresses and nobody else does",
            "A person may have no e-mail, or untick it",
            "The yearly *Data Use Checkup* ends the app's access when it is missed",
        ),
    ),
    documented=Documented(
        token={"access_token": "{access_token}", "token_type": "bearer", "expires_in": "{expires_in}"},
        profile={
            "user": {
                "id": "{subject}",
                "name": "{name}",
                "first_name": "{given_name}",
                "last_name": "{family_name}",
                "email": "{verified_email?}",  # only an address that works is told
            }
        },
        email_scope="email",
    ),
)
