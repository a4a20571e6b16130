"""A client that is open to Clerk's SDK."""

from tests.conftest import HTTPS_REDIRECT, SCHEME_REDIRECT
from tests.running import RunningBroker


def make_app(broker: RunningBroker) -> str:
    client_id = str(broker.make_client(name="Clerk app", token_profile="clerk")["client_id"])
    broker.allow(HTTPS_REDIRECT, client_id)
    broker.allow(SCHEME_REDIRECT, client_id)
    return client_id
