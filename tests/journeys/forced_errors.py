"""Records damaged in Redis, and a Redis that dies, for what the broker says then."""

import os
import signal
from collections.abc import Callable
from typing import Any

import httpx2
import redis

from tests.journeys.whole_trip import Trip
from tests.running import RunningBroker
from tests.webhook_receiver import until

DAMAGE = "damaged-record-canary"
Ask = Callable[[], httpx2.Response]


def damage(trip: Trip, url: str) -> dict[str, int]:
    """One record of each kind is broken, asked for, and mended; the status of each answer, by the record's key."""
    (account,) = trip.admin("GET", f"/v1/users/{trip.user_id}/external_accounts")
    (hook,) = trip.admin("GET", "/v1/webhooks")
    tokens = trip.phone.sign_in()
    told = {}
    with redis.Redis.from_url(url) as state:
        for command, ask in broken_records(trip, account["id"], hook["id"], tokens):
            key = command[1]
            whole = state.dump(key)
            state.execute_command(*command)
            told[key.partition(":")[0]] = trip.fails(ask())
            state.restore(key, 0, whole, replace=True)
    return told


def broken_records(
    trip: Trip, account_id: str, hook_id: str, tokens: dict[str, Any]
) -> list[tuple[tuple[str, ...], Ask]]:
    """Each with the command that breaks it and the question that finds it broken."""
    user, admin = trip.user_id, trip.broker.admin
    refresh = lambda: trip.phone.refresh(tokens["refresh_token"])  # noqa: E731
    return [
        (("HSET", f"grant:{{{user}}}:stub", f"{account_id}:version", DAMAGE), trip.read),
        (
            ("HSET", f"user:{{{user}}}", "identity", DAMAGE),
            lambda: trip.phone.userinfo(tokens["access_token"]),
        ),
        (("HSET", f"accounts:{{{user}}}", account_id, DAMAGE), lambda: admin("DELETE", f"/v1/users/{user}")),
        (("SET", f"webhook:{{{hook_id}}}", DAMAGE), lambda: admin("GET", "/v1/webhooks")),
        (("XADD", "events", "*", "event", DAMAGE), lambda: admin("GET", "/v1/events")),
        (("HSET", "secret_keys", "key_x", DAMAGE), lambda: admin("GET", "/v1/secret_keys")),
        (("SET", f"client:{{{trip.phone.client_id}}}", DAMAGE), refresh),
        (("SET", "provider:{stub}", DAMAGE), lambda: admin("GET", "/v1/providers")),
    ]


def break_chores(trip: Trip, url: str, leader: RunningBroker) -> None:
    """What only the leader reads is broken: it says so, and goes on."""
    with redis.Redis.from_url(url) as state:
        owed = next(state.scan_iter("revocation:*"))
        state.set(owed, DAMAGE)
        state.zadd("revocations", {owed.partition(b"{")[2].rstrip(b"}"): 1})
        state.rpush(f"outbox:{{{trip.user_id}}}", DAMAGE)
        state.zadd("outboxes", {trip.user_id: 1})
    until(lambda: all(f'"{event}"' in leader.log() for event in ("event_broken", "record_broken")))


def end_redis(trip: Trip, url: str) -> dict[str, int]:
    """Redis is killed between the steps of a sign-in and of everything else; the status of each answer."""
    phone = trip.phone
    start, code = phone.authorize(), phone.land()["code"]
    tokens = phone.sign_in()
    form = {"url": f"https://hooks.example.com/{trip.backend_key}"}
    with redis.Redis.from_url(url) as state:
        os.kill(state.info("server")["process_id"], signal.SIGKILL)
    asked: dict[str, Ask] = {
        "authorize": phone.authorize,
        "par": lambda: phone.call("/par", dict(phone.request())),
        "callback": lambda: phone.follow(start).response,
        "code": lambda: phone.exchange(code),
        "refresh": lambda: phone.refresh(tokens["refresh_token"]),
        "revoke": lambda: phone.revoke(tokens["refresh_token"]),
        "introspect": lambda: phone.call("/introspect", {"token": tokens["access_token"]}),
        "userinfo": lambda: phone.userinfo(tokens["access_token"]),
        "tokens": lambda: trip.ask(
            f"/v1/users/{trip.user_id}/oauth_access_tokens/stub", trip.broker.secret_key
        ),
        "webhook": lambda: trip.broker.admin("POST", "/v1/webhooks", form),
        "key": lambda: trip.ask("/v1/users", "sk_" + "x" * 43),
        "erase": lambda: trip.broker.admin("DELETE", f"/v1/users/{trip.user_id}"),
    }
    return {name: trip.fails(ask()) for name, ask in asked.items()}
