"""What the rules decide on, when it changes between the look and the deed: the moments that no client can time."""

import secrets
from collections.abc import AsyncIterator

import pytest

from broker.cli.settings import PROVIDER_FIELDS
from broker.core.account_rules import Purpose
from broker.core.errors import ErrorCode, OAuthError
from broker.core.events import EventType, happened
from broker.core.identity import Identity, ProviderTokens
from broker.core.opaque import new_id
from broker.core.records import ProviderConfiguration
from broker.endpoints.arrival import settle, write_down
from broker.providers import CATALOGUE
from broker.providers.provider import Connection, connect
from broker.rooms import Rooms
from broker.settings import Settings
from tests.running import keys

pytestmark = pytest.mark.anyio
TOKENS = ProviderTokens(access_token="a", scope=("openid",))
NOW = 1_800_000_000


@pytest.fixture
async def rooms(valkey: str) -> AsyncIterator[Rooms]:
    environ = keys() | {"BROKER_ISSUER": "https://auth.example.com", "BROKER_REDIS_URL": valkey}
    opened = Rooms.open(Settings.from_env(environ, PROVIDER_FIELDS))
    yield opened
    await opened.close()


@pytest.fixture
def google() -> Connection:
    configuration = ProviderConfiguration(id="google", client_id="c", credentials={"client_secret": "s"})
    return connect(CATALOGUE["google"], configuration, "https://auth.example.com")


def somebody(**more: object) -> Identity:
    return Identity(subject=secrets.token_hex(8), **more)  # type: ignore[arg-type]


async def test_connected_by_two_at_once(rooms: Rooms, google: Connection):
    """Of two users who connect one new identity at the same moment the second is refused, and it stays the first's."""
    who, first, second = somebody(), new_id("user"), new_id("user")
    theirs = await settle(google, who, TOKENS, None, NOW, rooms, Purpose(kind="connect", user_id=first))
    with pytest.raises(OAuthError) as refusal:
        await settle(google, who, TOKENS, None, NOW, rooms, Purpose(kind="connect", user_id=second))
    assert (refusal.value.code, refusal.value.detail) == (ErrorCode.ACCESS_DENIED, "connect-anothers")
    link = await rooms.store.users.known("google", who.subject)
    assert link is not None
    assert (theirs.user_id, link.user_id) == (first, first)


async def test_signed_up_by_two_at_once(rooms: Rooms, google: Connection):
    """Two first sign-ins of one identity at the same moment are one user."""
    who = somebody()
    one, other = [await settle(google, who, TOKENS, None, NOW, rooms) for _ in range(2)]
    assert (one.user_id, one.id) == (other.user_id, other.id)


async def test_linked_by_its_address_while_it_signs_up(rooms: Rooms, google: Connection):
    """An identity that became somebody's between the look and the link is theirs, whoever owns its address."""
    address = f"{secrets.token_hex(6)}@gmail.com"
    owner = somebody(email=address, email_verified=True)
    account = await settle(google, owner, TOKENS, None, NOW, rooms)
    github = connect(
        CATALOGUE["github"],
        ProviderConfiguration(id="github", client_id="c", credentials={"client_secret": "s"}),
        "https://auth.example.com",
    )
    await write_down(account, TOKENS, google, NOW, rooms)
    who = somebody(email=address, email_verified=True, email_authoritative=True)
    raced = await rooms.store.users.link("github", who.subject, NOW)
    settled = await settle(github, who, TOKENS, None, NOW, rooms)
    assert settled.user_id == raced.user_id != account.user_id


async def test_connected_to_a_user_who_goes(rooms: Rooms, google: Connection):
    """An identity given to a user who is deleted before its account is written is nobody's again."""
    who, user_id = somebody(), new_id("user")
    account = await settle(google, who, TOKENS, None, NOW, rooms, Purpose(kind="connect", user_id=user_id))
    await rooms.store.users.erase(user_id, [], [happened(EventType.USER_DELETED, NOW, user_id=user_id)], NOW)
    with pytest.raises(OAuthError, match="deleted just now"):
        await write_down(account, TOKENS, google, NOW, rooms)
    assert await rooms.store.users.known("google", who.subject) is None
