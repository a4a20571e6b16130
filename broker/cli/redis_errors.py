"""What a command says when Redis does not answer."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import click
from redis.exceptions import RedisError

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")


def clear_redis_errors(command: Callable[Asked, Answer]) -> Callable[Asked, Answer]:
    """Name the setting instead of showing a traceback."""

    @wraps(command)
    def told(*args: Asked.args, **kwargs: Asked.kwargs) -> Answer:
        try:
            return command(*args, **kwargs)
        except (RedisError, OSError) as error:
            kind = type(error).__name__
            raise click.ClickException(f"BROKER_REDIS_URL: Redis does not answer ({kind})") from None

    return told
