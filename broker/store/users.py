"""Users and their accounts at providers. A provider's identity leads to its user; e-mail never does (OC-07)."""

import hashlib
from pathlib import Path

import msgspec

from broker.core.identity import ExternalAccount, Identity, ProviderTokens, User
from broker.core.opaque import new_id
from broker.store.commands import Commands
from broker.store.sealing import Sealer

REFRESH = ":refresh"  # field and seal of a refresh token, beside those of the tokens that pass


class Link(msgspec.Struct, frozen=True):
    """Whose account an identity is. Written once, by whoever comes first."""

    user_id: str
    account_id: str
    created_at: int


class Users:
    """`link` says who an identity is, `sign_in` writes what the provider said of them."""

    def __init__(self, redis: Commands, sealer: Sealer) -> None:
        self._redis = redis
        self._sealer = sealer
        self._links = msgspec.json.Decoder(Link)
        self._sign_in = redis.register_script(Path(__file__).with_name("users.sign_in.lua").read_text())

    async def known(self, provider: str, subject: str) -> Link | None:
        """The user and account of an identity that came before."""
        stored = await self._redis.get(identity_key(provider, subject))
        return self._links.decode(stored) if stored else None

    async def link(self, provider: str, subject: str, now: int) -> Link:
        """The user and account of an identity, made if this is their first sign-in (sign-up is the same act).

        SET NX GET decides a race of two first sign-ins; the loser takes the winner's ids. A crash after it leaves
        ids without records, which the next sign-in fills.
        """
        fresh = Link(new_id("user"), new_id("eac"), now)
        key = identity_key(provider, subject)
        earlier = await self._redis.set(key, msgspec.json.encode(fresh), nx=True, get=True)
        return self._links.decode(earlier) if earlier else fresh

    async def sign_in(self, account: ExternalAccount, tokens: ProviderTokens, now: int) -> None:
        """Write account, sealed tokens and user in one step; the first account describes the user. The refresh token
        is a field of its own: many providers give it once, and an answer without it keeps the old one."""
        keys = [user_key(account.user_id), accounts_key(account.user_id), tokens_key(account.user_id)]
        passing = msgspec.json.encode(msgspec.structs.replace(tokens, refresh_token=None))
        sealed = self._sealer.seal(passing, tokens_name(account))
        lasting = (tokens.refresh_token or "").encode()
        sealed_lasting = self._sealer.seal(lasting, tokens_name(account) + REFRESH) if lasting else b""
        identity = msgspec.json.encode(account.identity)
        arguments = [account.id, msgspec.json.encode(account), sealed, identity, now, sealed_lasting]
        await self._sign_in(keys=keys, args=arguments)

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

    async def tokens(self, account: ExternalAccount) -> ProviderTokens | None:
        """The provider's tokens of one account. Raises SealBroken (TV-02)."""
        fields = [account.id, account.id + REFRESH]
        passing, lasting = await self._redis.hmget(tokens_key(account.user_id), fields)
        if passing is None:
            return None
        tokens = msgspec.json.decode(self._sealer.open(passing, tokens_name(account)), type=ProviderTokens)
        if lasting is None:
            return tokens
        refresh_token = self._sealer.open(lasting, tokens_name(account) + REFRESH).decode()
        return msgspec.structs.replace(tokens, refresh_token=refresh_token)


def identity_key(provider: str, subject: str) -> str:
    """A fingerprint, because a provider's subject may be anything, an e-mail address too."""
    digest = hashlib.sha256(f"{provider}\0{subject}".encode()).hexdigest()
    return f"identity:{{{digest}}}"


def user_key(user_id: str) -> str:
    return f"user:{{{user_id}}}"


def accounts_key(user_id: str) -> str:
    return f"accounts:{{{user_id}}}"


def tokens_key(user_id: str) -> str:
    return f"tokens:{{{user_id}}}"


def tokens_name(account: ExternalAccount) -> str:
    """What the seal binds: user, connection and account."""
    return f"{tokens_key(account.user_id)}:{account.provider}:{account.id}"
