"""The list's HTTP API, asked by a plain client: in this process, and once over a socket from uvicorn."""

import asyncio
import contextlib
import re
import socket

import httpx2
import pytest
import uvicorn
from litestar import Litestar, Router
from litestar.exceptions import NotAuthorizedException

from allowlist import Allowlist
from allowlist.admin import admin_router
from allowlist.wire import API_EXCEPTION_HANDLERS

pytestmark = pytest.mark.anyio
JSON = {"content-type": "application/json"}
KEY = {"authorization": "Bearer sk_test", **JSON}


def bearer(connection, _):
    if connection.headers.get("authorization") != "Bearer sk_test":
        raise NotAuthorizedException


async def known(client_id):
    return client_id in {"default", "app"}


@pytest.fixture
def told():
    """What `on_change` was told."""
    return []


@pytest.fixture
async def api(redis, told):
    """A client of the API, with the key of an administrator."""

    async def on_change(event, entry, request):
        told.append((event, entry.id))

    router = admin_router(
        Allowlist(redis, development=True), guard=bearer, on_change=on_change, known_client=known
    )
    app = Litestar([Router("/v1", route_handlers=[router])], exception_handlers=API_EXCEPTION_HANDLERS)
    async with asking(app) as client:
        yield client


def asking(app):
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://broker.test", headers=KEY)


@contextlib.asynccontextmanager
async def served(app):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        server.capture_signals = contextlib.nullcontext
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        await serving


async def create(api, url="myapp://cb", **fields):
    answer = await api.post("/v1/redirect_urls", json={"url": url, **fields})
    assert answer.status_code == 200
    return answer.json()


def error_of(answer, status):
    """The one error of an answer in the envelope."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert re.fullmatch("[0-9a-f]{32}", body["clerk_trace_id"])
    (error,) = body["errors"]
    assert error.keys() == {"code", "message", "long_message", "meta"}
    return error["code"], error["meta"].get("param_name")


async def test_create(api):
    """A new entry is answered with 200 and the whole object, the warning about its scheme included."""
    answer = await api.post("/v1/redirect_urls", json={"url": "myapp://cb", "label": "iOS"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    made = answer.json()
    assert re.fullmatch("ru_[0-9a-f]{28}", made.pop("id"))
    assert made.pop("created_at") == made.pop("updated_at") > 1_700_000_000_000
    assert made.pop("warning").startswith("any app may also register the scheme myapp")
    expected = {
        "object": "redirect_url",
        "url": "myapp://cb",
        "client_id": "default",
        "dev": False,
        "label": "iOS",
    }
    assert made == expected


async def test_life_of_an_entry(api, told):
    """An entry is made, read, changed, listed and deleted, and each change is told once it has happened."""
    made = await create(api, "exp://10.0.0.1:*", dev=True, client_id="app")
    assert made["warning"] is None
    path = f"/v1/redirect_urls/{made['id']}"
    assert (await api.get(path)).json() == made
    changed = (
        await api.patch(path, json={"url": "https://a.example/cb", "dev": False, "label": "Web"})
    ).json()
    assert changed == made | {
        "url": "https://a.example/cb",
        "dev": False,
        "label": "Web",
        "updated_at": changed["updated_at"],
    }
    assert (await api.patch(path, json={"label": None})).json()["label"] is None
    deleted = await api.delete(path)
    assert (deleted.status_code, deleted.json()) == (
        200,
        {"object": "redirect_url", "id": made["id"], "deleted": True},
    )
    assert error_of(await api.get(path), 404) == ("resource_not_found", None)
    events = ["redirect_url.created", "redirect_url.updated", "redirect_url.updated", "redirect_url.deleted"]
    assert told == [(event, made["id"]) for event in events]


async def test_list(api):
    """A list is a bare array, or an envelope with the total where `paginated=true` asks for it, and can be
    filtered."""
    made = [
        await create(api, f"https://a.example/{n}", client_id=("default", "app")[n % 2]) for n in range(12)
    ]
    made.sort(key=lambda each: (each["created_at"], each["id"]))  # two may be of one millisecond
    of_app = [each for each in made if each["client_id"] == "app"]
    assert (await api.get("/v1/redirect_urls")).json() == made[:10]
    assert (await api.get("/v1/redirect_urls?paginated=false&limit=500&offset=0")).json() == made
    envelope = (await api.get("/v1/redirect_urls?paginated=true&limit=2&offset=3")).json()
    assert envelope == {"data": made[3:5], "total_count": 12}
    assert (await api.get("/v1/redirect_urls?client_id=app&limit=3")).json() == of_app[:3]


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=-1", "limit"),
        ("limit=1e2", "limit"),
        ("limit=%D9%A1", "limit"),
        ("limit=" + "9" * 5000, "limit"),
        ("limit=1&limit=2", "limit"),
        ("offset=-1", "offset"),
        ("offset=x", "offset"),
        ("offset=9999999999", "offset"),
        ("paginated=1", "paginated"),
        ("paginated=", "paginated"),
        ("client_id=a%7D", "client_id"),
    ],
)
async def test_bad_query(api, query, param):
    """A query parameter that cannot be read is an error that names it."""
    assert error_of(await api.get(f"/v1/redirect_urls?{query}"), 422) == ("form_param_format_invalid", param)


async def test_ru_02_invalid_url(api, told):
    """An entry that could not be safe is refused with the reason, at the creation and at a change."""
    made = await create(api)
    answers = [
        await api.post("/v1/redirect_urls", json={"url": "https://*.example.com/cb"}),
        await api.patch(f"/v1/redirect_urls/{made['id']}", json={"url": "https://*.example.com/cb"}),
    ]
    for answer in answers:
        assert error_of(answer, 422) == ("invalid_redirect_url", "url")
        assert "a `*` stands only" in answer.json()["errors"][0]["message"]
    assert len(told) == 1


async def test_duplicate(api):
    """A second entry for the same addresses is refused and the refusal names the first one's id."""
    made = await create(api, "http://127.0.0.1/cb")
    answer = await api.post("/v1/redirect_urls", json={"url": "http://127.0.0.1:3000/cb"})
    assert error_of(answer, 422) == ("form_identifier_exists", "url")
    assert made["id"] in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("client_id", "code"), [("stranger", "form_param_value_invalid"), ("a}b", "form_param_value_invalid")]
)
async def test_unknown_client(api, client_id, code):
    """An entry for a client that nobody knows is refused."""
    answer = await api.post("/v1/redirect_urls", json={"url": "myapp://cb", "client_id": client_id})
    assert error_of(answer, 422) == (code, "client_id")


async def test_client_id_is_checked_without_help(redis):
    """Without anyone who knows the clients, a client id that could name another key is still refused."""
    async with asking(Litestar([admin_router(Allowlist(redis, development=True), guard=bearer)])) as api:
        answer = await api.post("/redirect_urls", json={"url": "myapp://cb", "client_id": "a}b"})
        assert error_of(answer, 422) == ("form_param_format_invalid", "client_id")
        answer = await api.post("/redirect_urls", json={"url": "myapp://cb", "client_id": "any"})
        assert answer.status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "code", "param"),
    [
        (b"", 422, "form_param_missing", "url"),
        (b"{}", 422, "form_param_missing", "url"),
        (b'{"url":null}', 422, "form_param_format_invalid", "url"),
        (b'{"url":["myapp://cb"]}', 422, "form_param_format_invalid", "url"),
        (b'{"url":"myapp://cb","dev":"true"}', 422, "form_param_format_invalid", "dev"),
        (b'{"url":"myapp://cb","dev":1}', 422, "form_param_format_invalid", "dev"),
        (b'{"url":"myapp://cb","label":""}', 422, "form_param_format_invalid", "label"),
        (b'{"url":"myapp://cb","development":true}', 422, "form_param_unknown", "development"),
        (b'{"url":"myapp://cb","id":"ru_1"}', 422, "form_param_unknown", "id"),
        (b'{"url":"myapp://cb","url":"myapp://cd"}', 400, "request_body_invalid", None),
        (b"[]", 400, "request_body_invalid", None),
        (b"null", 400, "request_body_invalid", None),
        (b"{", 400, "request_body_invalid", None),
        (b"\xff", 400, "request_body_invalid", None),
        (b'{"url":"\\ud800"}', 400, "request_body_invalid", None),
        (b"[" * 60_000, 400, "request_body_invalid", None),
        (b'{"url":"' + b"a" * 70_000 + b'"}', 413, "request_body_too_large", None),
    ],
)
async def test_bad_body(api, body, status, code, param):
    """A body that is not the JSON object asked for is an error that names the field, where there is one."""
    answer = await api.post("/v1/redirect_urls", content=body)
    assert error_of(answer, status) == (code, param)


async def test_every_bad_field_is_named(api):
    """Two bad fields are two errors of one answer, and neither repeats what was sent."""
    answer = await api.post("/v1/redirect_urls", json={"url": 7, "label": ["sk_secret"]})
    assert answer.status_code == 422
    assert [error["meta"]["param_name"] for error in answer.json()["errors"]] == ["url", "label"]
    assert "sk_secret" not in answer.text


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "text/json", ""])
async def test_content_type(api, content_type):
    """A body of another content type, such as a form on another site can send, is not read."""
    answer = await api.post(
        "/v1/redirect_urls", content=b'{"url":"myapp://cb"}', headers={"content-type": content_type}
    )
    assert error_of(answer, 415) == ("unsupported_content_type", None)


async def test_patch_cannot_move_an_entry(api):
    """The client, the id and the times of an entry cannot be changed."""
    made = await create(api)
    for name in ("client_id", "id", "created_at"):
        answer = await api.patch(f"/v1/redirect_urls/{made['id']}", json={name: "app"})
        assert error_of(answer, 422) == ("form_param_unknown", name)
    assert (await api.get(f"/v1/redirect_urls/{made['id']}")).json() == made


async def test_explain(api):
    """The explanation shows the entry that admits an address, or the nearest one and the reason."""
    made = await create(api, "https://a.example/cb")
    near = (
        await api.post("/v1/redirect_urls/explain", json={"redirect_uri": "https://a.example/cb/"})
    ).json()
    assert near == {
        "object": "redirect_url_explanation",
        "client_id": "default",
        "redirect_uri": "https://a.example/cb/",
        "allowed": False,
        "entry": made,
        "reason": "the path differs in a trailing slash",
    }
    hit = (await api.post("/v1/redirect_urls/explain", json={"redirect_uri": "https://a.example/cb"})).json()
    assert (hit["allowed"], hit["entry"]) == (True, made)
    other = {"redirect_uri": "https://a.example/cb", "client_id": "app"}
    assert (await api.post("/v1/redirect_urls/explain", json=other)).json()["entry"] is None


async def test_planted_entry_can_be_seen_and_deleted(api, redis):
    """An invalid entry that stands in Redis is listed with a warning that it admits nothing, and can be
    deleted."""
    made = await create(api, "https://a.example/cb")
    stored = await redis.hget("allowlist:{default}", "https://a.example/cb")
    await redis.hset(
        "allowlist:{default}", "https://a.example/cb", stored.replace(b"a.example", b"*.example")
    )
    (listed,) = (await api.get("/v1/redirect_urls")).json()
    assert listed["warning"].startswith("this entry admits nothing: a `*`")
    assert (await api.delete(f"/v1/redirect_urls/{made['id']}")).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("POST", ""),
        ("POST", "/explain"),
        ("GET", "/ru_1"),
        ("PATCH", "/ru_1"),
        ("DELETE", "/ru_1"),
    ],
)
async def test_every_route_is_guarded(api, method, path):
    """No route answers without the guard's leave, whatever else is wrong with the request."""
    answer = await api.request(
        method, f"/v1/redirect_urls{path}", headers={"authorization": "Bearer x"}, content=b"{"
    )
    assert error_of(answer, 401) == ("authentication_invalid", None)


async def test_no_such_method_or_path(api):
    """What the router does not know is answered in the same envelope, where the app has the handlers too."""
    assert error_of(await api.put("/v1/redirect_urls"), 405)[0] == "method_not_allowed"
    assert error_of(await api.get("/v1/redirect_urls/a/b"), 404)[0] == "resource_not_found"


def test_guard_is_required():
    """The router cannot be made without a guard."""
    with pytest.raises(TypeError, match="guard"):
        admin_router(Allowlist.__new__(Allowlist))


async def test_over_a_socket(redis, told):
    """Served by uvicorn the answers are the same bytes; and `on_change` may be an ordinary function."""
    allowlist = Allowlist(redis, development=True)
    router = admin_router(allowlist, guard=bearer, on_change=lambda *change: told.append(change[0]))
    async with served(Litestar([router])) as url, httpx2.AsyncClient(base_url=url, headers=KEY) as api:
        made = await api.post("/redirect_urls", json={"url": "myapp://cb"})
        assert (made.status_code, made.headers["content-type"]) == (200, "application/json")
        assert (await api.get("/redirect_urls")).json() == [made.json()]
        assert (
            error_of(await api.post("/redirect_urls", content=b"x" * 70_000), 413)[0]
            == "request_body_too_large"
        )
    assert told == ["redirect_url.created"]
