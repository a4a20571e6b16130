"""HubSpot: OAuth 2; a call about the token says who came, by number and e-mail and without a name."""

from typing import Any

from broker.core.identity import Identity
from broker.providers.attributes import Claims, mapped
from broker.providers.calls import TokenCall
from broker.providers.documented import Documented
from broker.providers.lifecycle import Lifecycle
from broker.providers.provider import Errors, Provider
from broker.providers.setup import Setup

OAUTH = "https://api.hubapi.com/oauth/2026-03"  # v1, which most examples show, ends on 2027-02-16
DOCS = "https://developers.hubspot.com/docs"
TOKENS = f"{DOCS}/api-reference/latest/authentication/manage-oauth-tokens"


def to_identity(claims: Claims) -> Identity:
    """Raises TypeError for a token that is not good. Whether the e-mail was checked is not said."""
    if claims["user"]["active"] is not True:
        raise TypeError("active")
    return read_user(claims)


read_user = mapped(subject="user.user_id", email="user.user")


def read_answer(answer: Any) -> Any:
    """The granted scopes are a list, called `scopes`."""
    return {**answer, "scope": answer.get("scopes")} if isinstance(answer, dict) else answer


PROVIDER = Provider(
    id="hubspot",
    name="HubSpot",
    source=TOKENS,
    authorization_endpoint="https://app.hubspot.com/oauth/authorize",
    token_endpoint=f"{OAUTH}/token",
    revocation_endpoint=f"{OAUTH}/token/revoke",
    scopes=("oauth",),
    scope_labels={
        "oauth": "See who you are and your e-mail address",
        "crm.objects.contacts.read": "See all contacts of your account",
        "crm.objects.contacts.write": "Change all contacts of your account",
        "crm.objects.companies.read": "See all companies of your account",
        "crm.objects.companies.write": "Change all companies of your account",
        "crm.objects.deals.read": "See all deals of your account",
        "crm.objects.deals.write": "Change all deals of your account",
        "crm.objects.owners.read": "See who owns which records",
        "tickets": "See and change support tickets",
        "content": "See and change your website",
    },
    pkce=False,  # the token endpoint lists `code_verifier`; the authorization URL's parameters have no challenge
    prompts=(),
    # An access token lives half an hour, and longer than the refresh token that is given back.
    lifecycle=Lifecycle(sources={TOKENS: ("revokes",)}, revokes="refresh_token"),
    errors=Errors(
        at="status",  # not in the reference; what callers report
        bad_code=("BAD_AUTH_CODE",),
        bad_refresh_token=("BAD_REFRESH_TOKEN",),
        bad_client=("BAD_CLIENT_ID", "BAD_CLIENT_SECRET"),
    ),
    profile={
        "user": TokenCall(
            method="POST",
            url=f"{OAUTH}/token/introspect",
            parameters={
                "client_id": "{client_id}",
                "client_secret": "{client_secret}",
                "token": "{token}",
                "token_type_hint": "access_token",
            },
        )
    },
    to_identity=to_identity,
    read_answer=read_answer,
    setup=Setup(
        console="https://app.hubspot.com/developer-projects",
        steps=(
            "Make a project with an app whose `auth.type` is `oauth`, and upload it (`hs project create`)",
            "Put {callback} into its `redirectUrls`",
            "List `oauth` under `requiredScopes`, and what your apps ask for beyond it under `optionalScopes`",
            "Copy client ID and client secret from the app's *Auth* tab",
        ),
        review="None before people can install it. Unlisted apps take 25 accounts, privately distributed ones 10; a "
        "listing in the marketplace, which HubSpot reviews, lifts that.",
        pitfalls=(
            "To sign in is to install the app in a HubSpot account, which only some people there may do",
            "Every required scope of the app must be asked for at each sign-in, or HubSpot shows an error",
            "The redirect URL is https at a domain name; an IP address is refused",
        ),
    ),
    documented=Documented(
        token={
            "token_use": "access_token",
            "token_type": "bearer",
            "refresh_token": "{refresh_token?}",
            "access_token": "{access_token}",
            "expires_in": "{expires_in}",
            "id_token": None,
            "hub_id": 62515,
            "scopes": "{scopes}",
            "user_id": "{number}",
        },
        profile={
            "user": {
                "token_use": "access_token",
                "active": True,
                "hub_id": 62515,
                "user_id": "{number}",
                "app_id": 456789,
                "scopes": "{scopes}",
                "token_type": "bearer",
                "user": "{email?}",
                "hub_domain": "example.com",
            }
        },
    ),
)
