"""What a command says when Redis does not answer, or what stands there cannot be opened."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import click
from redis.exceptions import RedisError

from broker.store.sealing import SealBroken

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")


def clear_redis_errors(command: Callable[Asked, Answer]) -> Callable[Asked, Answer]:
    """Name the setting instead of showing a traceback."""

    @wraps(command)
    def told(*args: Asked.args, **kwargs: Asked.kwargs) -> Answer:
        try:
            return command(*args, **kwargs)
        except (RedisError, OSError, SealBroken) as error:
            raise click.ClickException(explain(error)) from None

    return told


def explain(error: Exception) -> str:
    """Which setting to look at. A record is named, its content never."""
    if isinstance(error, SealBroken):
        return f"BROKER_ENCRYPTION_KEYS: no key of the ring opens the record {error}; is the key of its time missing?"
    return f"BROKER_REDIS_URL: Redis does not answer ({type(error).__name__})"
