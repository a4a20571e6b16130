"""Running the application on uvicorn."""

import gc
import socket
import sys
from collections.abc import Callable

import structlog
import uvicorn
from litestar import Litestar


class AnnouncingServer(uvicorn.Server):
    """Says that it is up when it is up."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()


def run(app: Litestar, listener: socket.socket, announce: Callable[[], None] = lambda: None) -> None:
    """Serve until told to stop. uvicorn's access log stays off: it writes query strings, and so codes."""
    configure_log()
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        log_level="warning",
        timeout_keep_alive=15,
        timeout_graceful_shutdown=10,
    )
    gc.freeze()  # what the start has made stays, so no collection need ever walk it
    gc.enable()
    AnnouncingServer(config, announce).run([listener])


def listen(host: str, port: int) -> socket.socket:
    """A bound socket, so that port 0 is known before the issuer is."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener


def configure_log() -> None:
    """One JSON line an event, on standard error."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
