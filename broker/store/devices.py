"""Devices with Clerk's SDK, by their client token `ct_<device>_<secret>`: the id leads to the record without an index.

A token is known by its fingerprint and every write compares it, so one that was rotated away writes nothing.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import msgspec

from broker.core.attempts import Attempt, Device
from broker.core.opaque import fingerprint, new_id, new_secret
from broker.store.commands import Commands
from broker.store.sessions import ABSOLUTE_LIFETIME

WITHOUT_SESSION = 86_400  # seconds that a device is known which never signed anybody in
SHAPE = re.compile(r"ct_([0-9a-f]{24})_[A-Za-z0-9_-]{43}")
PARTS = {"sessions": tuple[str, ...], "attempt": Attempt | None}


class Devices:
    """`make` one, `find` it, `begin` an attempt on it; `adopt` what came of it, under a new token."""

    def __init__(self, redis: Commands) -> None:
        self._redis = redis
        self._write = redis.register_script(Path(__file__).with_name("devices.write.lua").read_text())

    async def make(self, client_id: str, attempt: Attempt | None, now: int) -> tuple[Device, str]:
        """A device that is new here, and its client token."""
        name = new_id("client")
        token = token_of(name)
        device = Device(
            id=name, client_id=client_id, token=fingerprint(token), created_at=now, attempt=attempt
        )
        await self._save("", device, ("client_id", "token", "created_at", "attempt"))
        return device, token

    async def find(self, token: str) -> Device | None:
        """The device of a token that is or was its own. Whether it still is, its `token` says."""
        found = SHAPE.fullmatch(token)
        if not found:
            return None
        name, shown = f"client_{found[1]}", fingerprint(token)
        fields = await self._redis.hgetall(device_key(name))
        device = decoded(name, fields) if fields else None
        return device if device and shown in (device.token, device.previous) else None

    async def begin(self, device: Device, attempt: Attempt) -> bool:
        """Put the attempt in the place of the one before. False: the token was rotated away meanwhile."""
        return await self._save(device.token, msgspec.structs.replace(device, attempt=attempt), ("attempt",))

    async def activate(self, device: Device, session_id: str) -> bool:
        """Note which session the app chose, and keep the device as long as one may live."""
        return await self._save(device.token, msgspec.structs.replace(device, active=session_id), ("active",))

    async def adopt(
        self, device: Device, attempt: Attempt, sessions: Iterable[str]
    ) -> tuple[Device, str] | None:
        """End the attempt with a session, and rotate the token in the same step: who knew the token before the sign-in
        has nothing of it (session fixation). None: the token was rotated away meanwhile."""
        token = token_of(device.id)
        adopted = msgspec.structs.replace(
            device,
            token=fingerprint(token),
            previous=device.token,
            attempt=attempt,
            sessions=(*sessions, attempt.session_id),
            active=attempt.session_id,
        )
        written = await self._save(
            device.token, adopted, ("token", "previous", "attempt", "sessions", "active")
        )
        return (adopted, token) if written else None

    async def forget(self, device: Device) -> None:
        await self._redis.delete(device_key(device.id))

    async def _save(self, held: str, device: Device, names: Iterable[str]) -> bool:
        values = [part for name in names for part in (name, encoded(name, getattr(device, name)))]
        life = ABSOLUTE_LIFETIME if device.sessions else WITHOUT_SESSION
        return bool(await self._write(keys=[device_key(device.id)], args=[held, life, *values]))


def token_of(name: str) -> str:
    return f"ct_{name.removeprefix('client_')}_{new_secret()}"


def encoded(name: str, value: object) -> object:
    return msgspec.json.encode(value) if name in PARTS else value


def decoded(name: str, fields: dict[bytes, bytes]) -> Device:
    text = {
        field.decode(): msgspec.json.decode(value, type=PARTS[field.decode()])
        if field.decode() in PARTS
        else value.decode()
        for field, value in fields.items()
    }
    return msgspec.convert({**text, "id": name}, Device, strict=False)


def device_key(name: str) -> str:
    return f"device:{{{name}}}"
