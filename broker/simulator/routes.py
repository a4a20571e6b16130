"""The simulator's doors, all under /simulator."""

from litestar import Router
from litestar.di import Provide

from broker.simulator.authorize import answer, ask
from broker.simulator.calls import exchange, profile, renewal, revocation
from broker.simulator.discovery import jwks, openid_configuration
from broker.simulator.native import device, notification
from broker.simulator.revoke import revoke
from broker.simulator.simulated import simulated_connections
from broker.simulator.simulator import Simulator
from broker.simulator.token import token
from broker.simulator.userinfo import userinfo


def simulator_routes(issuer: str, *, development: bool, slowness: float = 3.0) -> Router:
    """Simulated providers for the broker at `issuer`, each with a memory of its own. `slowness` is how many seconds
    a slow provider takes. Raises RuntimeError outside development: here anybody may sign in as anyone.
    """
    if not development:
        raise RuntimeError("simulated providers exist in development only")
    simulator = Simulator(issuer, simulated_connections(issuer), slowness)
    return Router(
        "/simulator",
        route_handlers=[
            *(ask, answer, token, profile, exchange, renewal, revocation, revoke),
            *(device, notification),
            *(userinfo, openid_configuration, jwks),
        ],
        dependencies={"simulator": Provide(lambda: simulator, sync_to_thread=False)},
        request_max_body_size=64 * 1024,
        include_in_schema=False,
    )
