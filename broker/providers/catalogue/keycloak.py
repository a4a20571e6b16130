"""Keycloak: OpenID Connect of one realm on a server of your own; without an offline token the grant ends with the session."""

from broker.core.provider_field import CLIENT_SECRET, HOST, ProviderField
from broker.providers.attributes import from_openid_claims
from broker.providers.documented import STANDARD_TOKEN, Documented
from broker.providers.lifecycle import Lifecycle
from broker.providers.provider import Errors, Provider
from broker.providers.setup import Setup

REALM = "https://{host}/realms/{realm}"
PROTOCOL = f"{REALM}/protocol/openid-connect"

# A new refresh token comes with every refresh; whether the old one ends, and every lifetime, the realm decides. An offline
# token lasts until it was unused for thirty days unless the realm says otherwise, any other only as long as the session.
LIFECYCLE = Lifecycle(
    sources={
        "https://www.keycloak.org/docs/latest/server_admin/#_offline-access": ("offline_scope",),
        "https://www.keycloak.org/securing-apps/oidc-layers": ("revokes",),
    },
    offline_scope="offline_access",
    revokes="refresh_token",  # the person's consent to this client ends too
)

PROVIDER = Provider(
    id="keycloak",
    name="Keycloak",
    source="https://www.keycloak.org/securing-apps/oidc-layers",
    issuer=REALM,
    authorization_endpoint=f"{PROTOCOL}/auth",
    token_endpoint=f"{PROTOCOL}/token",
    userinfo_endpoint=f"{PROTOCOL}/userinfo",
    revocation_endpoint=f"{PROTOCOL}/revoke",
    jwks_uri=f"{PROTOCOL}/certs",
    scopes=("openid", "email", "profile", "offline_access"),
    scope_labels={
        "openid": "Know that it is you",
        "email": "See your e-mail address",
        "profile": "See your name",
        "offline_access": "Stay connected while you are away",
        "phone": "See your phone number",
        "address": "See your address",
        "roles": "See your roles",
        "microprofile-jwt": "See your user name and groups",
    },
    fields=(
        CLIENT_SECRET,
        ProviderField(
            name="host",
            label="server's public host, such as `id.example.com`, with `/auth` behind it if its addresses have that",
            pattern=rf"{HOST}(/auth)?",
        ),
        ProviderField(
            name="realm",
            label="realm's name, as it stands in its addresses",
            pattern=r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}",
        ),
    ),
    prompts=("login", "consent"),
    # Current servers put `iss` into their answers, unless the client is set to leave it out; older ones have none. So it
    # is held against the issuer where it comes, and not insisted on.
    lifecycle=LIFECYCLE,
    errors=Errors(bad_client=("unauthorized_client", "invalid_client")),  # of the secret, of the id
    to_identity=from_openid_claims,
    setup=Setup(
        console="https://www.keycloak.org/docs/latest/server_admin/#_oidc_clients",
        steps=(
            "In your server's Admin Console choose the realm and create a client of the type *OpenID Connect*",
            "Switch *Client authentication* on and leave *Standard flow* as the only flow",
            "Paste {callback} under *Valid redirect URIs*",
            "Choose `S256` as PKCE method",
            "Copy the secret from the tab *Credentials*",
        ),
        client_id="Client ID",
        review="None: everybody in the realm can sign in.",
        pitfalls=(
            "The host is the public one of the issuer (`KC_HOSTNAME`), without a port, and its certificate must be publicly trusted",
            "People need the realm role `offline_access`, which new realms give to everybody",
            "Imported people often have an e-mail that is not marked as verified",
        ),
    ),
    documented=Documented(
        token={
            **STANDARD_TOKEN,
            "refresh_expires_in": 0,
            "not-before-policy": 0,
            "session_state": "0b5c1f2e-2f0d-4d38-9c1b-4f6f4b3d8e21",
        },
        email_scope="email",
        name_scope="profile",
    ),
)
