"""Instagram (API with Instagram Login): professional accounts only, OAuth 2 without ID tokens, refresh tokens, e-mail."""

from typing import Any

from broker.core.identity import Identity
from broker.providers.meta import long_lived
from broker.providers.provider import Claims, Connection, GetJson, Provider, text

GRAPH = "https://graph.instagram.com"
DOCS = "https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login"
FIELDS = "user_id,username,name,profile_picture_url"


async def fetch_profile(get_json: GetJson, connection: Connection, access_token: str) -> Claims:
    """One call, whose answer is documented as a list of one."""
    answer = await get_json(f"{connection.provider.userinfo_endpoint}?fields={FIELDS}", access_token)
    profile: Claims = unlisted(answer)
    return profile


def to_identity(profile: Claims) -> Identity:
    """`user_id` is the account's own number; a username can be renamed and taken by another."""
    number = profile["user_id"]
    if type(number) is not int and not (isinstance(number, str) and number.isdigit()):
        raise TypeError("user_id")
    return Identity(
        subject=str(number),
        name=text(profile, "name"),
        username=text(profile, "username"),
        picture=text(profile, "profile_picture_url"),
    )


def read_answer(answer: Any) -> Any:
    """The granted scopes are called permissions."""
    told = unlisted(answer)
    permissions = told.get("permissions") if isinstance(told, dict) else None
    if isinstance(permissions, list):
        permissions = ",".join(map(str, permissions))
    return {**told, "scope": permissions} if permissions else told


def unlisted(answer: Any) -> Any:
    """The documentation shows a list of one under `data`; the service was seen to send its content alone."""
    match answer:
        case {"data": [dict() as only]}:
            return only
        case _:
            return answer


INSTAGRAM = Provider(
    id="instagram",
    name="Instagram",
    source=f"{DOCS}/business-login",
    authorization_endpoint="https://www.instagram.com/oauth/authorize",
    token_endpoint="https://api.instagram.com/oauth/access_token",
    userinfo_endpoint=f"{GRAPH}/v23.0/me",
    scopes=("instagram_business_basic",),
    scope_separator=",",
    pkce=False,  # Instagram documents none
    prompts=(),
    lifecycle=long_lived(GRAPH, "ig", f"{DOCS}/business-login"),
    to_identity=to_identity,
    fetch_profile=fetch_profile,
    read_answer=read_answer,
)
