"""Spotify: OAuth 2; its e-mail is never checked, and development apps are told none at all."""

from broker.providers.attributes import mapped
from broker.providers.calls import get
from broker.providers.documented import Documented
from broker.providers.lifecycle import DAY, Lifecycle
from broker.providers.provider import Provider
from broker.providers.setup import Setup

DOCS = "https://developer.spotify.com/documentation/web-api"

# An answer to a refresh may leave the refresh token out, and then the old one stays; whether another one ends it is not
# said. The six months count from the person's consent and no refresh adds to them. There is no call that gives a grant
# back: a person removes the app at https://www.spotify.com/account/apps/.
LIFECYCLE = Lifecycle(
    sources={f"{DOCS}/tutorials/refreshing-tokens": ("refresh_lifetime",)},
    refresh_lifetime=180 * DAY,  # "6 months"
)

PROVIDER = Provider(
    id="spotify",
    name="Spotify",
    source=f"{DOCS}/tutorials/code-flow",
    authorization_endpoint="https://accounts.spotify.com/authorize",
    token_endpoint="https://accounts.spotify.com/api/token",
    scopes=("user-read-email",),
    scope_labels={
        "user-read-email": "See your e-mail address",
        "user-read-private": "See your country and subscription",
        "playlist-read-private": "See your private playlists",
        "playlist-modify-private": "Change your private playlists",
        "playlist-modify-public": "Change your public playlists",
        "user-library-read": "See your saved music",
        "user-library-modify": "Change your saved music",
        "user-top-read": "See your favourite artists and songs",
        "user-read-recently-played": "See what you played lately",
        "user-read-playback-state": "See what is playing",
        "user-modify-playback-state": "Control what is playing",
    },
    # PKCE is documented for clients without a secret; beside a secret it is taken too, and widely sent.
    client_auth="client_secret_basic",
    prompts=(),
    prompt_parameters={"consent": {"show_dialog": "true"}},
    lifecycle=LIFECYCLE,
    profile={"user": get("https://api.spotify.com/v1/me")},
    # The account id never changes. The older `id` is what a profile's address shows, and Spotify warns against it. One
    # or the other would make two people of one, so without an account id nobody comes in. "There is no proof" that the
    # e-mail belongs to the person.
    to_identity=mapped(
        subject="user.account_id",
        email="user.email",
        name="user.display_name",
        username="user.id",
        picture="user.images.0.url",
    ),
    setup=Setup(
        console="https://developer.spotify.com/dashboard",
        steps=(
            "Create an app and tick *Web API*",
            "Paste {callback} under *Redirect URIs*",
            "Copy client ID and client secret from the app's settings",
            "Add each person who is to try it under *User Management*, by name and e-mail",
        ),
        review="In development mode five listed people can sign in, and the app's owner needs Spotify Premium. Extended "
        "quota is for organizations with a launched service and very many users.",
        pitfalls=(
            "Whoever is not listed comes through the consent page, and then the profile is refused with 403",
            "Development apps are told no e-mail, whatever is asked; do not count on one",
            "`localhost` is refused as redirect URL, `http://127.0.0.1` with a port is taken",
        ),
    ),
    documented=Documented(
        profile={
            "user": {
                "account_id": "{subject}",
                "id": "{username}",
                "display_name": "{name}",
                "email": "{email?}",
                "images": [],
                "type": "user",
                "uri": "spotify:user:{username}",
            }
        },
        email_scope="user-read-email",
    ),
)
