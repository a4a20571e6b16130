"""For load balancers: is the process up, and can it do its work."""

from litestar import get
from litestar.response.base import ASGIResponse

from broker.endpoints.responses import json_answer
from broker.room import Room
from broker.settings import Settings
from broker.store import Store


@get("/health/live")
async def live() -> ASGIResponse:
    """GET /health/live: asks nobody."""
    return json_answer({"status": "ok"})


@get("/health/ready")
async def ready(settings: Room[Settings], store: Room[Store]) -> ASGIResponse:
    """GET /health/ready: one PING; 503 from the error handler when Redis does not answer. Development mode shows (R8)."""
    await store.redis.ping()
    return json_answer({"status": "ok", "development": settings.development})
