"""Users and their accounts at providers. A provider's identity leads to its user; e-mail never does (OC-07)."""

import hashlib
from asyncio import gather
from pathlib import Path
from typing import Any

import msgspec

from broker.core.events import Event, EventType, happened
from broker.core.identity import ExternalAccount, Identity, ProviderTokens, User
from broker.core.opaque import new_id
from broker.core.records import Session
from broker.store.commands import Commands
from broker.store.grants import Ref, connection_event, grant_key, held_by, seal_tokens
from broker.store.outbox import Outbox, encode, outbox_key
from broker.store.sealing import Sealer
from broker.store.sessions import session_created, session_fields, session_key, sessions_key

REMEMBERED = 900  # seconds that a deleted user is known as such: longer than any flow lives


class Link(msgspec.Struct, frozen=True):
    """Whose account an identity is. Written once, by whoever comes first."""

    user_id: str
    account_id: str
    created_at: int


class Users:
    """`link` says who an identity is, `sign_in` writes what the provider said of them."""

    def __init__(self, redis: Commands, sealer: Sealer, outbox: Outbox) -> None:
        self._redis = redis
        self._sealer = sealer
        self._outbox = outbox
        self._links = msgspec.json.Decoder(Link)
        folder = Path(__file__).parent
        self._sign_in, self._remove_account, self._erase = (
            redis.register_script((folder / f"users.{name}.lua").read_text())
            for name in ("sign_in", "remove_account", "erase")
        )
        self._unlink = redis.register_script((folder / "users.unlink.lua").read_text())

    async def known(self, provider: str, subject: str) -> Link | None:
        """The user and account of an identity that came before."""
        stored = await self._redis.get(identity_key(provider, subject))
        return self._links.decode(stored) if stored else None

    async def link(self, provider: str, subject: str, now: int, user_id: str | None = None) -> Link:
        """The user and account of an identity, made if nobody has it yet: for `user_id`, or for a new user (sign-up is the
        same act). It may come out as another's than asked.

        SET NX GET decides a race of two first sign-ins; the loser takes the winner's ids. A crash after it leaves
        ids without records, which the next sign-in fills.
        """
        fresh = Link(user_id or new_id("user"), new_id("eac"), now)
        key = identity_key(provider, subject)
        earlier = await self._redis.set(key, msgspec.json.encode(fresh), nx=True, get=True)
        return self._links.decode(earlier) if earlier else fresh

    async def unlink(self, account: ExternalAccount) -> None:
        """Take back a link whose user was deleted before the account was written; not one that another made since."""
        link = Link(account.user_id, account.id, account.created_at)
        key = identity_key(account.provider, account.identity.subject)
        await self._unlink(keys=[key], args=[msgspec.json.encode(link)])

    async def sign_in(
        self,
        account: ExternalAccount,
        tokens: ProviderTokens | None,
        now: int,
        session: Session | None = None,
    ) -> bool:
        """False: the user was deleted just now. Write account, grant and user in one step, and the session where it begins
        with them; the first account describes the user. The refresh token is a field of its own: many providers give it
        once, and an answer without it keeps the old one. Without tokens the grant stays as it is, and so it does where they
        are for less than it holds while it lives: signing in is not giving up."""
        ref = Ref(account.user_id, account.provider, account.id)
        sealed, lasting = b"", b""
        if tokens:
            sealed, lasting = seal_tokens(self._sealer, ref, account.identity.subject, tokens, now)
        user = happened(EventType.USER_CREATED, now, actor="user", user_id=account.user_id)
        connection = connection_event(EventType.CONNECTION_CREATED, ref, now, "user")
        keys = [
            user_key(account.user_id),
            accounts_key(account.user_id),
            ref.key,
            outbox_key(account.user_id),
            gone_key(account.user_id),
        ]
        identity = msgspec.json.encode(account.identity)
        arguments: list[Any] = [account.id, msgspec.json.encode(account), sealed, identity, now, lasting]
        arguments += [*encode([user, connection]), held_by(tokens) if tokens else ""]
        if session:
            keys += [session_key(account.user_id, session.id), sessions_key(account.user_id)]
            arguments += [*encode([session_created(session)]), session.id, session.expires_at]
            arguments += [session.idle_until, *session_fields(session)]
        step = self._sign_in(keys=keys, args=arguments)
        return bool(await self._outbox.marked(account.user_id, now, step))

    async def remove_account(self, account: ExternalAccount, heir: ExternalAccount, event: Event) -> bool:
        """Take an account and its grant from a user; `heir` describes them if it was the first. Whoever signs in with its
        identity from then on is somebody new. False: it was not there, or it was the last."""
        ref = Ref(account.user_id, account.provider, account.id)
        step = self._remove_account(
            keys=[
                user_key(account.user_id),
                accounts_key(account.user_id),
                ref.key,
                outbox_key(account.user_id),
            ],
            args=[
                account.id,
                *encode([event]),
                ref.channel,
                heir.id,
                msgspec.json.encode(heir.identity),
            ],
        )
        if await self._outbox.marked(account.user_id, event.created_at, step) != b"removed":
            return False
        await self._redis.delete(identity_key(account.provider, account.identity.subject))
        return True

    async def erase(
        self, user_id: str, accounts: list[ExternalAccount], events: list[Event], now: int
    ) -> list[ExternalAccount]:
        """Forget a user, the identities first: a sign-in meanwhile begins a new one. Answers the accounts that came since
        they were read; `forget` is for these."""
        identities = (identity_key(each.provider, each.identity.subject) for each in accounts)
        await gather(*(self._redis.delete(each) for each in identities))
        grants = {grant_key(user_id, each.provider) for each in accounts}
        places = [user_key(user_id), accounts_key(user_id), outbox_key(user_id), gone_key(user_id)]
        step = self._erase(keys=[*places, *sorted(grants)], args=[REMEMBERED, *encode(events)])
        erased = await self._outbox.marked(user_id, now, step)
        known = {each.id for each in accounts}
        found = (msgspec.json.decode(raw, type=ExternalAccount) for raw in erased)
        return [each for each in found if each.id not in known]

    async def forget(self, account: ExternalAccount) -> None:
        """Drop what is left of an account whose user is gone."""
        await gather(
            self._redis.delete(identity_key(account.provider, account.identity.subject)),
            self._redis.delete(grant_key(account.user_id, account.provider)),
        )

    async def find(self, user_id: str) -> User | None:
        fields = await self._redis.hgetall(user_key(user_id))
        if not fields:
            return None
        text = {name.decode(): value.decode() for name, value in fields.items() if name != b"identity"}
        identity = msgspec.json.decode(fields[b"identity"], type=Identity)
        return msgspec.convert({**text, "id": user_id, "identity": identity}, User, strict=False)

    async def accounts(self, user_id: str) -> list[ExternalAccount]:
        stored = await self._redis.hvals(accounts_key(user_id))
        return [msgspec.json.decode(raw, type=ExternalAccount) for raw in stored]


def identity_key(provider: str, subject: str) -> str:
    """A fingerprint, because a provider's subject may be anything, an e-mail address too."""
    digest = hashlib.sha256(f"{provider}\0{subject}".encode()).hexdigest()
    return f"identity:{{{digest}}}"


def user_key(user_id: str) -> str:
    return f"user:{{{user_id}}}"


def gone_key(user_id: str) -> str:
    return f"gone:{{{user_id}}}"


def accounts_key(user_id: str) -> str:
    return f"accounts:{{{user_id}}}"
