"""Linear: OAuth 2 and GraphQL; a person has one account in each workspace."""

from broker.providers.attributes import mapped
from broker.providers.calls import TokenCall
from broker.providers.documented import Documented
from broker.providers.lifecycle import Lifecycle
from broker.providers.provider import Provider
from broker.providers.setup import Setup

SOURCE = "https://linear.app/developers/oauth-2-0-authentication"

# Every app gets refresh tokens since 2026-04-01. The token that is given back is the whole proof: no client
# authentication is asked for.
LIFECYCLE = Lifecycle(
    sources={SOURCE: ("rotates", "grace", "revokes", "revocation_call")},
    rotates=True,
    grace=30 * 60,
    revokes="refresh_token",
    revocation_call=TokenCall(
        method="POST", url="https://api.linear.app/oauth/revoke", parameters={"token": "{token}"}
    ),
)

PROVIDER = Provider(
    id="linear",
    name="Linear",
    source=SOURCE,
    authorization_endpoint="https://linear.app/oauth/authorize",
    token_endpoint="https://api.linear.app/oauth/token",
    scopes=("read",),
    scope_labels={
        "read": "See your name, your e-mail address and all that you can see",
        "write": "Change all that you can change",
        "issues:create": "Create issues and attachments",
        "comments:create": "Comment on issues",
        "timeSchedule:write": "Create and change time schedules",
        "admin": "Manage your workspace as its administrator",
    },
    scope_separator=",",  # in the request; the answer has spaces, or a list for apps older than December 2023
    prompts=("consent",),  # it also lets a person choose another workspace
    lifecycle=LIFECYCLE,
    profile={
        "user": TokenCall(
            method="POST",
            url="https://api.linear.app/graphql",
            parameters={"query": "{ viewer { id name displayName email avatarUrl } }"},
            place="json",
            authorization="bearer",
        )
    },
    # The id is that of an account in one workspace. Whether the e-mail was checked is not said.
    to_identity=mapped(
        subject="user.data.viewer.id",
        email="user.data.viewer.email",
        name="user.data.viewer.name",
        username="user.data.viewer.displayName",
        picture="user.data.viewer.avatarUrl",
    ),
    setup=Setup(
        console="https://linear.app/settings/api/applications/new",
        steps=(
            "Make a workspace for the app alone, because all its admins can change the app",
            "Create an OAuth2 application there, with {callback} under *Callback URLs*",
            "Switch on *Public*, unless only this workspace is to sign in",
        ),
        review="None for signing in; Linear looks at an app only for its list of integrations.",
        pitfalls=(
            "While the app is not public, people of other workspaces are refused",
            "Somebody in two workspaces is two accounts; only the prompt `consent` lets them choose again",
        ),
    ),
    documented=Documented(
        token={
            "access_token": "{access_token}",
            "token_type": "Bearer",
            "expires_in": "{expires_in}",
            "scope": "{scope_spaces}",
            "refresh_token": "{refresh_token?}",
        },
        profile={
            "user": {
                "data": {
                    "viewer": {
                        "id": "{subject}",
                        "name": "{name}",
                        "displayName": "{username}",
                        "email": "{email}",
                        "avatarUrl": None,
                    }
                }
            }
        },
    ),
)
