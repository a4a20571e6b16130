"""A backend that receives webhooks, on loopback: it verifies each with the unmodified `standardwebhooks` and keeps it."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook

from tests.http_server import running_app


def until(true: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for something that another process or thread is about to do."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


@dataclass(frozen=True)
class Received:
    """One call: the headers in lower case, the body as bytes, and where it came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def verified(self, secret: str) -> Any:
        """The payload. Raises WebhookVerificationError."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass
class WebhookReceiver:
    """`answers[path]` are given in turn, then 204; an answer is a status, or status and headers. `slow` paths hang."""

    url: str = ""
    calls: list[Received] = field(default_factory=list)
    answers: dict[str, list[Any]] = field(default_factory=dict)
    slow: set[str] = field(default_factory=set)

    def at(self, path: str) -> list[Received]:
        return [call for call in self.calls if call.path == path]

    def wait_for(self, path: str, number: int) -> list[Received]:
        """That many calls at least."""
        until(lambda: len(self.at(path)) >= number)
        return self.at(path)

    async def receive(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.calls.append(Received(request.path, headers, await request.read()))
        if request.path in self.slow:
            await asyncio.sleep(30)
        given = self.answers.get(request.path)
        answer = given.pop(0) if given else 204
        status, said = answer if isinstance(answer, tuple) else (answer, {})
        return web.Response(status=status, headers=said)


@contextmanager
def running_receiver() -> Iterator[WebhookReceiver]:
    """On a free port, in a thread of its own."""
    receiver, app = WebhookReceiver(), web.Application()
    app.router.add_post("/{name}", receiver.receive)
    with running_app(app, cancels=True) as receiver.url:
        yield receiver
