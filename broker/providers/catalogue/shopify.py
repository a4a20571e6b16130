"""Shopify: the staff of one shop; who came stands in the token answer, and the callback is signed with the client secret."""

import hmac
from collections.abc import Mapping
from urllib.parse import quote, urlencode

import msgspec

from broker.core.identity import Identity
from broker.core.provider_field import CLIENT_SECRET, ProviderField
from broker.providers.attributes import Claims, as_text, mapped
from broker.providers.documented import Documented
from broker.providers.lifecycle import Lifecycle
from broker.providers.provider import Connection, Errors, Provider
from broker.providers.setup import Setup

DOCS = "https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens"
PERSON = "token.associated_user"


def to_identity(claims: Claims) -> Identity:
    """The number is that of an account of this shop's staff."""
    who = read_user(claims)
    name = " ".join(filter(None, (who.given_name, who.family_name)))
    return msgspec.structs.replace(who, name=as_text(name))


read_user = mapped(
    number=f"{PERSON}.id",
    email=f"{PERSON}.email",
    email_verified=f"{PERSON}.email_verified",
    given_name=f"{PERSON}.first_name",
    family_name=f"{PERSON}.last_name",
)


def callback_proof(connection: Connection, parameters: Mapping[str, str]) -> str:
    """HMAC-SHA256 in hexadecimal over all other parameters, sorted and encoded as a form is but for spaces. Whatever shop
    the callback names, ours must have been signed: one secret signs for every shop where the app is installed."""
    signed = {name: value for name, value in parameters.items() if name not in ("hmac", "signature")}
    signed["shop"] = connection.credentials["shop"]
    message = urlencode(sorted(signed.items()), quote_via=quote)
    return hmac.new(connection.credentials["client_secret"].encode(), message.encode(), "sha256").hexdigest()


PROVIDER = Provider(
    id="shopify",
    name="Shopify",
    source=f"{DOCS}/authorization-code-grant",
    authorization_endpoint="https://{shop}/admin/oauth/authorize",
    token_endpoint="https://{shop}/admin/oauth/access_token",
    scopes=("read_products",),  # who it is needs none, and none at all is not documented
    scope_separator=",",
    scope_labels={
        "read_products": "See the shop's products",
        "write_products": "Change the shop's products",
        "read_orders": "See the shop's orders of the last 60 days",
        "write_orders": "Change the shop's orders",
        "read_customers": "See the shop's customers",
        "read_inventory": "See the shop's stock",
        "read_fulfillments": "See how orders are fulfilled",
        "read_discounts": "See the shop's discounts",
        "read_locations": "See the shop's locations",
        "read_reports": "See the shop's reports",
    },
    authorization_parameters={
        "grant_options[]": "per-user"
    },  # without it the token is the shop's and nobody's
    pkce=False,  # Shopify documents none here
    fields=(
        CLIENT_SECRET,
        ProviderField(
            name="shop",
            label="shop's own domain, such as `example.myshopify.com`",
            pattern=r"[a-z0-9][a-z0-9-]{0,62}\.myshopify\.com",
        ),
    ),
    prompts=(),
    # A token ends with the person's session in the shop's admin, after a day at most, and nothing renews it: the way
    # through the sign-in is silent for whoever is signed in there. The one call that gives a token back uninstalls the
    # app for the whole shop, so it is not made for one person.
    lifecycle=Lifecycle(sources={f"{DOCS}/online-access-tokens": ("renewal",)}, renewal=None),
    errors=Errors(
        bad_code=("invalid_request",), bad_client=("invalid_client", "application_cannot_be_found")
    ),
    to_identity=to_identity,
    callback_proof=callback_proof,
    setup=Setup(
        console="https://dev.shopify.com",
        steps=(
            "Create an app that is not embedded in the admin",
            "In its version choose the legacy install flow, so that the scopes that are asked for count",
            "Paste {callback} under *Redirect URLs* and release the version",
            "Install the app in the shop, then copy its client ID and secret",
        ),
        client_id="Client ID",
        review="An app for one shop or for development stores needs no review, one in the App Store does. Data of customers "
        "is protected and has to be asked for.",
        pitfalls=(
            "The shop's public domain does not work: it is the one that ends in `myshopify.com`",
            "This signs in the staff of a shop; its customers have accounts of another kind",
            "Calls to the shop's API take the token in the header `X-Shopify-Access-Token`, not as Bearer",
        ),
    ),
    documented=Documented(
        token={
            "access_token": "{access_token}",
            "scope": "{scope_commas}",
            "expires_in": "{expires_in}",
            "associated_user_scope": "{scope_commas}",
            "associated_user": {
                "id": "{number}",
                "first_name": "{given_name}",
                "last_name": "{family_name}",
                "email": "{email?}",
                "email_verified": "{email_verified?}",
                "account_owner": True,
                "locale": "en",
                "collaborator": False,
            },
        },
        refresh_token=False,
    ),
)
