"""GET /v1/environment: what an app shows before anybody is signed in."""

from litestar import get
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from broker.clerk.call import AnyRequest, Call
from broker.endpoints.responses import json_answer
from broker.providers.provider import Connection
from broker.rooms import Given, Rooms


@get("/environment")
async def environment(request: AnyRequest, client_id: FromPath[str], rooms: Given[Rooms]) -> ASGIResponse:
    """GET /v1/environment, without an envelope: the providers, and that there is no other way to sign in."""
    call = await Call.read(request, client_id, rooms)
    connections = rooms.catalogue.connections(await rooms.store.provider_configurations.list())
    kind = "development" if rooms.settings.development or call.client.development else "production"
    return json_answer(
        {
            "object": "environment",
            "id": f"env_{call.client.client_id}",
            "auth_config": {"object": "auth_config", "single_session_mode": False},
            "display_config": {
                "object": "display_config",
                "application_name": call.client.name,
                "instance_environment_type": kind,
            },
            "user_settings": {
                "attributes": {},
                "social": {f"oauth_{each.id}": social(each) for each in connections},
            },
        }
    )


def social(connection: Connection) -> dict[str, object]:
    return {
        "enabled": True,
        "required": False,
        "authenticatable": connection.sign_in,
        "strategy": f"oauth_{connection.id}",
        "name": connection.provider.name,
        "logo_url": None,
    }
