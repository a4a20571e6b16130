"""Hosted authentication: /v1/client/hosted_auth. The picker is ours; state and PKCE (S256) stand around the nonce."""

from litestar import route
from litestar.enums import HttpMethod
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from allowlist.wire import ApiError
from broker.clerk import redeem as redeeming
from broker.clerk.begin import PLACE, begin
from broker.clerk.call import AnyRequest, Call, wrong_method
from broker.clerk.errors import bad_nonce, signed_out
from broker.clerk.objects import answer, client_of
from broker.core.attempts import begin_secret, new_attempt
from broker.core.pkce import check_challenge, verifies
from broker.endpoints.token import kill
from broker.rooms import Given, Rooms


@route("/client/hosted_auth", http_method=[HttpMethod.POST], status_code=200)
async def hosted_auth(request: AnyRequest, client_id: FromPath[str], rooms: Given[Rooms]) -> ASGIResponse:
    """POST /v1/client/hosted_auth {redirect_url, code_challenge, state}"""
    call = await Call.read(request, client_id, rooms)
    if call.method != "POST":
        raise wrong_method()
    challenge = check_challenge(call.form.get("code_challenge"), "S256")
    call.form.required("state")
    attempt = new_attempt("hosted_auth", "", call.now)
    after, new_token = await begin(call, attempt, rooms, challenge=challenge)
    url = f"{rooms.settings.issuer}{PLACE}?attempt={begin_secret(after.token, attempt)}"
    return await answer(after, {"object": "hosted_auth", "url": url}, rooms, new_token=new_token)


async def redeem(call: Call, rooms: Rooms) -> ASGIResponse:
    """POST /v1/client {_method=GET, rotating_token_nonce, code_verifier}: the client with its new session. A wrong
    verifier is the nonce's end (TK-05)."""
    nonce = call.form.required("rotating_token_nonce")
    if call.outdated:
        await redeeming.end_outdated(nonce, call, rooms)
    if call.device is None:
        raise signed_out()
    attempt = call.device.attempt
    if attempt is None or attempt.kind != "hosted_auth":
        raise bad_nonce()
    failure = await redeeming.failed(nonce, attempt, rooms)
    if failure:
        raise ApiError(400, failure.error, failure.message)
    granted = await redeeming.find_granted(nonce, attempt, call, rooms)
    if not verifies(call.form.get("code_verifier", ""), granted.code_challenge):
        await kill(nonce, granted, rooms)
        raise ApiError(422, "pkce_verification_failed", "code_verifier does not fit", param="code_verifier")
    after, token = await redeeming.sign_in(nonce, granted, call, rooms)
    return await answer(after, await client_of(after, rooms), rooms, new_token=token)
