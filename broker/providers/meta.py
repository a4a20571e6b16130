"""What Meta's three have in common, and Instagram and Threads beyond it: a sign-in gives an access token of an hour, which is traded for one of sixty
days, which renews itself. Nothing is documented by which an app gives a grant back: a person removes it in the settings."""

from broker.providers.calls import TokenCall
from broker.providers.lifecycle import DAY, Lifecycle
from broker.providers.provider import Errors

# The Graph API nests a number: 190 is a token expired, revoked or malformed, 100 a wrong parameter, 101 a wrong app.
GRAPH_ERRORS = Errors(at="error.code", bad_code=("100",), bad_refresh_token=("190",), bad_client=("101",))


def long_lived(graph: str, prefix: str, source: str) -> Lifecycle:
    """`graph` is the service's API, `prefix` begins its grant types (`ig`, `th`), `source` is the page that says so."""
    return Lifecycle(
        sources={source: ("access_lifetime", "renewable_after", "renewal", "exchange", "renewal_call")},
        access_lifetime=60 * DAY,
        renewable_after=DAY,
        renewal="access_token",
        exchange=TokenCall(
            method="GET",
            url=f"{graph}/access_token",
            parameters={
                "grant_type": f"{prefix}_exchange_token",
                "client_secret": "{client_secret}",
                "access_token": "{token}",
            },
            place="query",
        ),
        renewal_call=TokenCall(
            method="GET",
            url=f"{graph}/refresh_access_token",
            parameters={"grant_type": f"{prefix}_refresh_token", "access_token": "{token}"},
            place="query",
        ),
    )
