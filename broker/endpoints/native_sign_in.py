"""Sign-in by a provider's SDK on the device (RFC 8693): its ID token, with a nonce that we chose, begins a session."""

from asyncio import gather

import msgspec
import structlog

from broker.core.client import UNASKED, Client, PresentedCredentials
from broker.core.errors import ErrorCode, OAuthError
from broker.core.identity import ExternalAccount
from broker.core.records import NativeChallenge, Session
from broker.core.requests import TokenExchangeGrant, check_scope
from broker.endpoints.arrival import settle, write_down
from broker.endpoints.authentication import AnyRequest, prove_client
from broker.providers.errors import broken
from broker.providers.native import Native, expected_of
from broker.providers.native_sign_in import Shown, arrived
from broker.providers.provider import Connection
from broker.rooms import Rooms

log = structlog.get_logger()


async def sign_in_natively(
    request: AnyRequest, grant: TokenExchangeGrant, presented: PresentedCredentials, rooms: Rooms, now: int
) -> tuple[Client, Session, str]:
    """Take the challenge, prove who asks, check who came, write them down with their session. The challenge is spent
    whatever comes of it, and nothing else is stored before all is proven."""
    found, made_for, configuration = await gather(
        rooms.store.clients.find(presented.client_id),
        rooms.store.challenges.take(grant.challenge),
        rooms.store.provider_configurations.find(grant.provider),
    )
    client = prove_client(request, found, presented)
    scope = check_scope(grant.scope or UNASKED, client.scopes)
    connection = rooms.catalogue.connection(grant.provider, configuration)
    try:
        connection, native = check_native(connection)
        shown = show(grant, client, connection, native, made_for)
        identity, tokens = await arrived(rooms.upstream, connection, native, shown, now)
    except OAuthError as error:
        about = {"client_id": client.client_id, "provider": connection.id if connection else None}
        log.warning("native_sign_in_failed", **about, error=str(error), detail=error.detail)
        raise refused_token(error) from None
    known = await rooms.store.users.known(connection.id, identity.subject)
    # What only a page could ask a person for ends here, as interaction_required: an app has no page of ours to show.
    account = await settle(connection, identity, tokens, known, now, rooms)
    account = with_name_beside(account, native, grant)
    session, refresh_token = rooms.store.sessions.begin_at_once(account.user_id, client.client_id, scope, now)
    await write_down(account, tokens, connection, now, rooms, session)
    return client, session, refresh_token


def check_native(connection: Connection | None) -> tuple[Connection, Native]:
    """Raises OAuthError."""
    if connection is None or not connection.sign_in or connection.provider.native is None:
        raise broken("there is no such provider here, or it has no SDK")
    return connection, connection.provider.native


def show(
    grant: TokenExchangeGrant,
    client: Client,
    connection: Connection,
    native: Native,
    made_for: NativeChallenge | None,
) -> Shown:
    """What the token must agree with: the provider by the request's own word, everything else by configuration and by the
    challenge, whose client, provider and platform must be these (OC-08). Raises OAuthError."""
    if made_for is None:
        raise broken("the challenge is unknown, spent or too old")
    if (made_for.client_id, made_for.provider) != (client.client_id, connection.id):
        raise broken("the challenge was made for another client or provider")
    ids = client.native_client_ids.get(connection.id, {})
    expected = expected_of(native, made_for.platform, ids, grant.challenge)
    if expected is None:
        raise broken("the client has no id for this platform any more")
    return Shown(
        id_token=grant.subject_token,
        expected=expected,
        client_id=ids.get(made_for.platform, ""),
        code=grant.authorization_code,
        sdk_code=native.sdks[made_for.platform].code,
    )


def with_name_beside(account: ExternalAccount, native: Native, grant: TokenExchangeGrant) -> ExternalAccount:
    """Apple's SDK tells the name to the app, once, unsigned: it is taken where none is known, never over one that is."""
    who, given, family = account.identity, (grant.given_name or "").strip(), (grant.family_name or "").strip()
    if not native.tells_name or who.name:
        return account
    told = msgspec.structs.replace(
        who,
        name=f"{given} {family}".strip()[:200] or None,
        given_name=given[:100] or None,
        family_name=family[:100] or None,
    )
    return msgspec.structs.replace(account, identity=told)


def refused_token(error: OAuthError) -> OAuthError:
    """A provider that is down is one thing; all else looks alike from outside, and only our log knows the reason."""
    if error.code is ErrorCode.TEMPORARILY_UNAVAILABLE:
        return error
    told = "the ID token, its challenge or the code beside it was refused"
    return OAuthError(ErrorCode.INVALID_GRANT, told)
