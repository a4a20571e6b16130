"""Challenges: what an app asks for before a provider's SDK signs somebody in on the device, so that no ID token serves
twice or elsewhere."""

from asyncio import gather
from typing import Any

from litestar import Request, post
from litestar.response.base import ASGIResponse

from broker.core.challenge import nonce_of
from broker.core.opaque import new_secret
from broker.core.parameters import refused
from broker.core.records import NativeChallenge
from broker.core.requests import ChallengeRequest
from broker.endpoints.authentication import prove_client, read_credentials
from broker.endpoints.form import read_form
from broker.endpoints.responses import json_answer
from broker.providers.native import expected_of
from broker.rooms import Given, Rooms
from broker.store.challenges import Challenges


@post("/challenge")
async def challenge(request: Request[Any, Any, Any], rooms: Given[Rooms]) -> ASGIResponse:
    """POST /challenge {provider, platform}: the challenge is for the app to keep, the nonce for the SDK."""
    form = await read_form(request)
    presented = read_credentials(request, form)
    asked = ChallengeRequest.parse(form)
    found, configuration = await gather(
        rooms.store.clients.find(presented.client_id),
        rooms.store.provider_configurations.find(asked.provider),
    )
    client = prove_client(request, found, presented)
    connection = rooms.catalogue.connection(asked.provider, configuration)
    if connection is None or not connection.sign_in or connection.provider.native is None:
        raise refused("provider is not one whose SDK can sign people in here")
    native, secret = connection.provider.native, new_secret()
    if expected_of(native, asked.platform, client.native_client_ids.get(connection.id, {}), secret) is None:
        raise refused("the client's native_client_ids lack what this provider's SDK needs on this platform")
    made_for = NativeChallenge(client_id=client.client_id, provider=connection.id, platform=asked.platform)
    await rooms.store.challenges.save(secret, made_for)
    policy = native.sdks[asked.platform].nonce
    told = {"challenge": secret, "nonce": nonce_of(secret, policy), "nonce_policy": policy}
    return json_answer(told | {"expires_in": Challenges.lifetime})
