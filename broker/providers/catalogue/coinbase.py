"""Coinbase: OAuth 2 for approved partners; the profile is wrapped in `data`, people may untick scopes."""

from broker.providers.attributes import mapped
from broker.providers.calls import TokenCall, get
from broker.providers.documented import Documented
from broker.providers.lifecycle import DAY, Lifecycle
from broker.providers.provider import Provider
from broker.providers.setup import Setup

DOCS = "https://docs.cdp.coinbase.com/coinbase-app/oauth2-integration"

# The revocation answers 200 whether or not it knew the token, so that of an access token that is over says nothing.
LIFECYCLE = Lifecycle(
    sources={
        f"{DOCS}/access-and-refresh-tokens": (
            "rotates",
            "grace",
            "refresh_lifetime",
            "offline_scope",
            "revokes",
            "revocation_call",
        ),
    },
    rotates=True,
    grace=0,  # "can only be exchanged once"
    refresh_lifetime=547 * DAY,  # "1.5 years"
    offline_scope="offline_access",
    revokes="access_token",
    revocation_call=TokenCall(
        method="POST",
        url="https://login.coinbase.com/oauth2/revoke",
        parameters={"token": "{token}"},
        authorization="bearer",
    ),
)

PROVIDER = Provider(
    id="coinbase",
    name="Coinbase",
    source=f"{DOCS}/integrations",
    authorization_endpoint="https://login.coinbase.com/oauth2/auth",
    token_endpoint="https://login.coinbase.com/oauth2/token",
    scopes=("wallet:user:read", "wallet:user:email", "offline_access"),
    # The separator is a comma in the documentation's text and a space in its example; the standard's is taken.
    scope_labels={
        "wallet:user:read": "See your profile",
        "wallet:user:email": "See your e-mail address",
        "offline_access": "Keep access while you are away",
        "wallet:accounts:read": "See your accounts and balances",
        "wallet:transactions:read": "See your transactions",
        "wallet:transactions:send": "Send your crypto",
        "wallet:addresses:read": "See your receiving addresses",
        "wallet:payment-methods:read": "See your payment methods",
        "wallet:buys:read": "See your purchases",
        "wallet:buys:create": "Buy crypto for you",
        "wallet:deposits:read": "See your deposits",
    },
    prompts=(),
    lifecycle=LIFECYCLE,
    profile={"user": get("https://api.coinbase.com/v2/user")},  # marked deprecated, without a successor
    # The id never changes. Whether the e-mail was checked is not said.
    to_identity=mapped(
        subject="user.data.id",
        email="user.data.email",
        name="user.data.name",
        username="user.data.username",
        picture="user.data.avatar_url",
    ),
    setup=Setup(
        console="https://portal.cdp.coinbase.com/",
        steps=(
            "Ask your Coinbase representative to be admitted to OAuth",
            "Under *API Keys*, *OAuth* create an OAuth client",
            "Paste {callback} as redirect URI",
            "Declare the scopes `wallet:user:read`, `wallet:user:email`, `offline_access` and what else your apps ask for",
        ),
        review="New clients are for approved partners only, and their creation is switched off at times. There is no "
        "sandbox: trying it out takes a real Coinbase account whose identity was checked.",
        pitfalls=(
            "Scopes are declared when the client is created; with another one everybody must authorize again",
            "People may untick scopes: look at which were granted",
            "Guides from before March 2024 name other endpoints and two hours for an access token",
        ),
    ),
    documented=Documented(
        token={
            "access_token": "{access_token}",
            "token_type": "bearer",
            "expires_in": "{expires_in}",
            "refresh_token": "{refresh_token?}",
            "scope": "{scope}",
        },
        profile={
            "user": {
                "data": {
                    "id": "{subject}",
                    "name": "{name}",
                    "username": "{username}",
                    "profile_location": None,
                    "profile_bio": None,
                    "profile_url": "https://coinbase.com/{username}",
                    "avatar_url": "{picture}",
                    "resource": "user",
                    "resource_path": "/v2/user",
                    "email": "{email?}",
                }
            }
        },
        email_scope="wallet:user:email",
        name_scope="wallet:user:read",
    ),
)
