"""The steps that each kind of flow leaves."""

import httpx2
import msgspec
from redis import Redis

from broker.core.flows import Kind
from broker.core.opaque import fingerprint
from tests.accounts.people import People, connect
from tests.conftest import HTTPS_REDIRECT
from tests.conftest import connect as add_provider
from tests.device import Device
from tests.flow_steps import flows, names, newest
from tests.phone import Phone
from tests.provider_stub import ProviderStub
from tests.running import LOCAL, RunningBroker, running_broker
from tests.valkey import running_valkey


def test_nothing_is_lost_when_a_process_ends(provider_process: ProviderStub):
    """A broker that is told to end writes what it noted a moment before."""
    provider_process.reset()
    with running_valkey() as url:
        with running_broker(url) as broker:
            add_provider(broker, provider_process)
            broker.allow(HTTPS_REDIRECT)
            with httpx2.Client(follow_redirects=False, **LOCAL) as browser:
                Phone(broker, "default", HTTPS_REDIRECT, browser=browser).sign_in()
        (flow,) = flows(url)
    assert names(flow) == ["started", "at_provider", "back", "code_handed_out", "exchanged"]


def test_an_sdk(device: Device):
    """A sign-in by an SDK has no browser, so it is one step, with client, provider and user; a refused one says why."""
    device.sign_in()
    flow = newest(device.broker, Kind.SDK, "exchanged")
    assert (names(flow), flow.client_id, flow.provider) == (["exchanged"], device.client_id, "device")
    assert flow.user_id.startswith("user_")
    assert device.exchange(device.challenge()["challenge"], "no.id.token").status_code == 400
    assert newest(device.broker, Kind.SDK, "died").last.reason == "provider_answer_refused"


def test_connecting(broker: RunningBroker, provider: ProviderStub):
    """Connecting is a flow of its own kind, from the ticket's link to the exchange, of the user who asked."""
    add_provider(broker, provider, "other")
    people = People(broker, provider)
    one = people.sign_in("first")
    connect(people, one, "first-other")
    flow = newest(broker, Kind.CONNECT, "exchanged")
    assert names(flow) == ["started", "at_provider", "back", "code_handed_out", "exchanged"]
    assert (flow.user_id, flow.provider) == (one.user_id, "other")
    people.close()
    broker.admin("DELETE", "/v1/providers/other")


def test_a_provider_that_is_down(broker: RunningBroker, phone: Phone, provider: ProviderStub):
    """What a provider failed at is counted by a word of ours, and its own words are nowhere."""
    provider.claims = lambda honest: {**honest, "aud": "canary-of-a-provider"}
    phone.land()
    flow = newest(broker, Kind.SIGN_IN, "died")
    assert names(flow) == ["started", "at_provider", "back", "died"]
    assert flow.last.reason == "provider_answer_refused"
    with Redis.from_url(broker.redis_url) as redis:
        kept = repr(redis.xrange("flows")) + repr([redis.hgetall(key) for key in redis.keys("tally:*")])
    assert "canary-of-a-provider" not in kept
    assert "failed:stub:provider_answer_refused" in kept


def test_a_flow_that_no_id_was_given(broker: RunningBroker, phone: Phone):
    """A code that an older broker wrote has no flow; it is exchanged all the same, and nothing is noted of it."""
    code = phone.land()["code"]
    with Redis.from_url(broker.redis_url) as redis:
        (key,) = redis.keys("code:*" + fingerprint(code))
        old = msgspec.json.decode(redis.get(key) or b"")
        redis.set(key, msgspec.json.encode({**old, "flow_id": ""}), keepttl=True)
    assert phone.exchange(code).status_code == 200
    assert newest(broker, Kind.SIGN_IN, "code_handed_out").steps[-1].name == "code_handed_out"
