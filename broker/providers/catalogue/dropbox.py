"""Dropbox: OAuth 2, since its ID tokens leave the nonce out; profile and revocation are POSTs without a body."""

from broker.providers.attributes import mapped
from broker.providers.calls import TokenCall
from broker.providers.documented import Documented
from broker.providers.lifecycle import Lifecycle
from broker.providers.provider import Provider
from broker.providers.setup import Setup

API = "https://api.dropboxapi.com/2"
REFERENCE = "https://www.dropbox.com/developers/documentation/http/documentation"

# A refresh token lasts until the person or the app ends it. The revocation takes a living access token, which ends with
# it every other that came of the same refresh token, and that one too.
LIFECYCLE = Lifecycle(
    sources={
        "https://dropbox.tech/developers/using-oauth-2-0-with-offline-access": ("rotates", "offline_params"),
        f"{REFERENCE}#auth-token-revoke": ("revokes", "revocation_call"),
    },
    rotates=False,
    offline_params={"token_access_type": "offline"},
    revokes="access_token",
    revocation_call=TokenCall(method="POST", url=f"{API}/auth/token/revoke", authorization="bearer"),
)

PROVIDER = Provider(
    id="dropbox",
    name="Dropbox",
    source="https://developers.dropbox.com/oauth-guide",
    authorization_endpoint="https://www.dropbox.com/oauth2/authorize",
    token_endpoint="https://api.dropboxapi.com/oauth2/token",
    scopes=("account_info.read",),
    scope_labels={
        "account_info.read": "See your name and e-mail address",
        "account_info.write": "Change your account's picture",
        "files.metadata.read": "See the names of your files",
        "files.metadata.write": "Change details of your files",
        "files.content.read": "Read your files",
        "files.content.write": "Change your files",
        "sharing.read": "See what you share",
        "sharing.write": "Change what you share",
        "file_requests.read": "See your file requests",
        "contacts.read": "See your contacts",
    },
    # There is no `prompt`, and Dropbox may refuse a request with a parameter that it does not know. Its
    # `force_reauthentication` signs the person out first, to sign in again or with another account.
    prompts=(),
    prompt_parameters={
        "login": {"force_reauthentication": "true"},
        "select_account": {"force_reauthentication": "true"},
        "consent": {"force_reapprove": "true"},
    },
    lifecycle=LIFECYCLE,
    # No body: with a content type for JSON it would have to be `null`.
    profile={
        "user": TokenCall(method="POST", url=f"{API}/users/get_current_account", authorization="bearer")
    },
    # The account id never changes; a person's own account and the one at work are two.
    to_identity=mapped(
        subject="user.account_id",
        email="user.email",
        email_verified="user.email_verified",
        name="user.name.display_name",
        given_name="user.name.given_name",
        family_name="user.name.surname",
        picture="user.profile_photo_url",
    ),
    setup=Setup(
        console="https://www.dropbox.com/developers/apps",
        steps=(
            "Create an app with *Scoped access*; *App folder* is enough for signing in, and cannot be changed later",
            "Under *Permissions* tick `account_info.read` and what else your apps ask for, and submit",
            "Under *Settings* add {callback} to the *Redirect URIs*",
            "Press *Enable additional users* on the same page",
            "Copy *App key* and *App secret*",
        ),
        client_id="app key",
        review="In the status Development the owner can sign in, and with additional users enabled a limited number of "
        "others. Apply for production in time: after fifty people Dropbox sets a term, and then freezes the app for new ones.",
        pitfalls=(
            "A permission that is ticked later holds for people who consent anew only",
            "The app's name must not contain Dropbox",
            "Scopes for a team's administration make of the person's grant one of the whole team",
        ),
    ),
    documented=Documented(
        token={
            "access_token": "{access_token}",
            "expires_in": "{expires_in}",
            "token_type": "bearer",
            "scope": "{scope}",
            "refresh_token": "{refresh_token?}",
            "account_id": "dbid:{subject}",
            "uid": "{subject}",
        },
        refreshed={
            "access_token": "{access_token}",
            "expires_in": "{expires_in}",
            "token_type": "bearer",
        },
        profile={
            "user": {
                "account_id": "dbid:{subject}",
                "name": {
                    "given_name": "{given_name}",
                    "surname": "{family_name}",
                    "familiar_name": "{given_name}",
                    "display_name": "{name}",
                },
                "email": "{email}",
                "email_verified": "{email_verified}",
                "disabled": False,
                "country": "AT",
                "locale": "en",
                "is_paired": False,
                "account_type": {".tag": "basic"},
            }
        },
    ),
)
