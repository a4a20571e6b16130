"""Notion: OAuth 2 without scopes; its token answer says who came, so there is nothing more to ask."""

from broker.providers.attributes import mapped
from broker.providers.calls import TokenCall
from broker.providers.documented import Documented
from broker.providers.lifecycle import Lifecycle
from broker.providers.provider import Provider
from broker.providers.setup import Setup

API = "https://api.notion.com/v1"
SOURCE = "https://developers.notion.com/guides/get-started/authorization"
VERSION = {"Notion-Version": "2026-03-11"}  # asked for by the API; its examples for /oauth leave it out

# No end of an access token is documented, and none is told.
LIFECYCLE = Lifecycle(
    sources={
        SOURCE: ("rotates",),
        "https://developers.notion.com/reference/revoke-token": ("revokes", "revocation_call"),
    },
    rotates=True,
    revokes="access_token",
    revocation_call=TokenCall(
        method="POST",
        url=f"{API}/oauth/revoke",
        parameters={"token": "{token}"},
        place="json",
        authorization="basic",
        headers=VERSION,
    ),
)

PROVIDER = Provider(
    id="notion",
    name="Notion",
    source=SOURCE,
    authorization_endpoint=f"{API}/oauth/authorize",
    token_endpoint=f"{API}/oauth/token",
    scopes=(),  # what an app may do stands in its settings
    authorization_parameters={"owner": "user"},
    pkce=False,  # Notion documents none
    client_auth="client_secret_basic",
    token_body="json",
    token_headers={"Accept": "application/json", **VERSION},
    prompts=(),
    lifecycle=LIFECYCLE,
    # `bot_id` is the app in this workspace, not the person. Whether the e-mail was checked is not said.
    to_identity=mapped(
        subject="token.owner.user.id",
        email="token.owner.user.person.email",
        name="token.owner.user.name",
        picture="token.owner.user.avatar_url",
    ),
    setup=Setup(
        console="https://www.notion.so/profile/integrations",
        client_id="OAuth client ID",
        steps=(
            "Make a new integration of the type *Public*, for any workspace, with your company's addresses and policies",
            "Paste {callback} under *Redirect URIs*",
            "Under *Capabilities* choose *Read user information including email addresses*, and what your apps do",
            "Copy the OAuth client ID and the OAuth client secret",
        ),
        review="None: anybody can sign in at once. Notion reviews only what is to stand in its gallery.",
        pitfalls=(
            "An internal integration has no OAuth, and its type cannot be changed",
            "Every sign-in shows a choice of pages, even when the app needs none; a person may go on without any",
            "Capabilities that are added later hold for people who sign in again, not for those who came before",
        ),
    ),
    documented=Documented(
        token={
            "access_token": "{access_token}",
            "token_type": "bearer",
            "refresh_token": "{refresh_token?}",
            "bot_id": "3c90c3cc-0d44-4b50-8888-8dd25736052a",
            "workspace_icon": None,
            "workspace_name": "Example",
            "workspace_id": "1e3b6c1e-5a4f-4a0e-9f5d-0f9d1c7a2b33",
            "owner": {
                "type": "user",
                "user": {
                    "object": "user",
                    "id": "{subject}",
                    "type": "person",
                    "name": "{name}",
                    "avatar_url": None,
                    "person": {"email": "{email?}"},
                },
            },
            "duplicated_template_id": None,
        }
    ),
)
