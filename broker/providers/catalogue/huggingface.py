"""Hugging Face: OpenID Connect whose ID tokens are not known to carry our nonce, so userinfo says who came."""

from broker.providers.attributes import mapped
from broker.providers.calls import get
from broker.providers.documented import Documented
from broker.providers.provider import Provider
from broker.providers.setup import Setup

# How its tokens live is not documented. A refresh token was seen to come with every sign-in, and to change with every
# refresh. Nothing gives a grant back: a person removes it at https://huggingface.co/settings/connected-applications.
PROVIDER = Provider(
    id="huggingface",
    name="Hugging Face",
    source="https://huggingface.co/docs/hub/oauth",
    authorization_endpoint="https://huggingface.co/oauth/authorize",
    token_endpoint="https://huggingface.co/oauth/token",
    scopes=("openid", "profile", "email"),
    scope_labels={
        "openid": "Know that it is you",
        "profile": "See your name, user name and picture",
        "email": "See your e-mail address",
        "gated-repos": "Read the gated models that you may see",
        "read-repos": "Read your private repositories",
        "contribute-repos": "Create repositories, and use only those",
        "write-repos": "Change your repositories",
        "manage-repos": "Create and delete your repositories",
        "inference-api": "Run models, at your expense",
        "write-discussions": "Post discussions and pull requests as you",
        "read-billing": "Know whether you can pay",
        "jobs": "Run jobs in your account",
        "webhooks": "Manage your webhooks",
    },
    client_auth="client_secret_basic",
    prompts=(),
    profile={"user": get("https://huggingface.co/oauth/userinfo")},
    # `sub` stays when a user name is changed. No app is granted anything by a person whose e-mail is not verified.
    to_identity=mapped(
        subject="user.sub",
        email="user.email",
        email_verified="user.email_verified",
        name="user.name",
        username="user.preferred_username",
        picture="user.picture",
    ),
    setup=Setup(
        console="https://huggingface.co/settings/applications/new",
        steps=(
            "Create an OAuth app, in your own settings or in those of your organization",
            "Paste {callback} as redirect URL",
            "Tick `openid`, `profile`, `email` and every scope that your apps ask for",
            "Generate a client secret; keep the app confidential, not public",
        ),
        review="None: anybody can sign in at once.",
        pitfalls=(
            "A scope that is asked for and not ticked in the app's settings ends every sign-in with an error",
            "A person chooses on the consent page which organizations the app sees: repositories may be missing",
            "Whoever granted the same scopes before comes back without seeing any page",
        ),
    ),
    documented=Documented(
        profile={
            "user": {
                "sub": "{subject}",
                "name": "{name?}",
                "preferred_username": "{username?}",
                "email": "{email?}",
                "email_verified": "{email_verified?}",
                "isPro": False,
                "canPay": False,
                "orgs": [],
            }
        },
        email_scope="email",
        name_scope="profile",
    ),
)
