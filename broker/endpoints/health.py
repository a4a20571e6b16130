"""For load balancers: is the process up, and can it do its work."""

from litestar import get
from litestar.response.base import ASGIResponse

from broker.endpoints.responses import json_answer
from broker.rooms import Given, Rooms


@get("/health/live")
async def live() -> ASGIResponse:
    """GET /health/live: asks nobody."""
    return json_answer({"status": "ok"})


@get("/health/ready")
async def ready(rooms: Given[Rooms]) -> ASGIResponse:
    """GET /health/ready: one PING; 503 from the error handler when Redis does not answer. Development mode shows (R8)."""
    await rooms.store.redis.ping()
    return json_answer({"status": "ok", "development": rooms.settings.development})
