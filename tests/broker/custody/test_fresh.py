"""What an app backend gets when it asks for a user's provider token."""

import time
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from aiohttp import web

from tests.broker.custody.conftest import MakeHolder, sign_in
from tests.provider_stub import ProviderStub, answer_json
from tests.running import LOCAL, RunningBroker

HTML = "<html><body>Bad gateway</body></html>"


def test_a_good_token_is_served_as_it_is(make_holder: MakeHolder, provider: ProviderStub):
    """A token that is far from its end is given out without asking the provider, in Clerk's shape."""
    holder = make_holder()
    token = holder.token()
    assert token["object"] == "oauth_access_token"
    assert token["provider"] == f"oauth_{holder.provider}"
    assert token["provider_user_id"] == f"holder-{holder.provider}"
    assert token["health"] == "fresh"
    assert token["scopes"] == ["openid", "email", "profile"]
    assert token["expires_at"] % 1000 == 0
    assert provider.refreshed == 0


def test_both_names_of_a_provider(make_holder: MakeHolder):
    """`x` and `oauth_x` are the same provider."""
    holder = make_holder()
    assert holder.ask(provider=f"oauth_{holder.provider}").json() == holder.ask().json()


def test_an_expired_token_is_refreshed_once(make_holder: MakeHolder, provider: ProviderStub):
    """An expired token is renewed by one call, and the new one is served from then on."""
    holder = make_holder(expires_in=0)
    first, second = holder.token(), holder.token()
    assert first["token"] == second["token"]
    assert first["health"] == "fresh"
    assert provider.refreshed == 1


def test_a_token_must_live_as_long_as_is_asked(make_holder: MakeHolder, provider: ProviderStub):
    """`min_ttl` renews a token that would be over before, and without it the same token is served."""
    holder = make_holder(expires_in=6)
    time.sleep(1.1)  # a token keeps a tenth of its life, whatever is asked
    before = holder.token()["token"]
    assert holder.token("?min_ttl=2")["token"] == before
    assert holder.token("?min_ttl=60")["token"] != before
    assert provider.refreshed == 1


def test_no_token_is_renewed_at_every_read(make_holder: MakeHolder, provider: ProviderStub):
    """A `min_ttl` longer than any token lives does not renew one that was just made."""
    provider.lifetime = 100
    holder = make_holder(expires_in=100)
    for _ in range(3):
        holder.token("?min_ttl=86400")
    assert provider.refreshed == 0


def test_force_refresh_asks_the_provider(make_holder: MakeHolder, provider: ProviderStub):
    """`force_refresh` renews a token that is still good."""
    holder = make_holder()
    before = holder.token()["token"]
    assert holder.token("?force_refresh=true")["token"] != before
    assert provider.refreshed == 1


def test_an_answer_without_a_refresh_token_keeps_the_old_one(make_holder: MakeHolder, provider: ProviderStub):
    """Where refresh tokens stay, the second refresh works like the first."""
    provider.rotation = "none"
    holder = make_holder(expires_in=0)
    tokens = {holder.token("?force_refresh=true")["token"] for _ in range(3)}
    assert len(tokens) == 3
    assert {asked["refresh_token"] for asked in provider.asked("/token") if "refresh_token" in asked} == {
        family for family, one in provider.families.items() if one.subject == f"holder-{holder.provider}"
    }


def test_a_hundred_readers_are_one_call(make_holder: MakeHolder, provider: ProviderStub):
    """A hundred backends that ask for one expired token at once get the same new token by one refresh."""
    provider.refresh_delay = 0.3
    holder = make_holder(expires_in=0)
    with ThreadPoolExecutor(100) as crowd:
        tokens = list(crowd.map(lambda _: holder.token()["token"], range(100)))
    assert len(set(tokens)) == 1
    assert provider.refreshed == 1
    provider.refresh_delay = 0
    assert holder.token("?force_refresh=true")["token"] != tokens[0]


def test_missing_scopes_are_named(make_holder: MakeHolder):
    """A backend that needs a scope which was not granted gets the token and is told which one is missing."""
    holder = make_holder()
    token = holder.token("?scopes=email%20calendar")
    assert (token["health"], token["missing_scopes"]) == ("missing_scopes", ["calendar"])
    assert holder.token("?scopes=email")["missing_scopes"] == []


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("?min_ttl=soon", "min_ttl"),
        ("?min_ttl=-1", "min_ttl"),
        ("?force_refresh=yes", "force_refresh"),
        ("?scopes=a%20%20b", "scopes"),
        ("?scopes=", "scopes"),
        ("?limit=0", "limit"),
        ("?minttl=5", "minttl"),
    ],
)
def test_a_wrong_parameter_is_named(make_holder: MakeHolder, query: str, param: str):
    """What cannot be understood is refused by name and not ignored."""
    answer = make_holder().ask(query)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["meta"] == {"param_name": param}


def test_nobody_and_nothing(make_holder: MakeHolder, broker: RunningBroker, provider: ProviderStub):
    """An unknown user is 404, a provider that is off is 404 by another code, an account that is not there an empty list."""
    holder, other = make_holder(), make_holder()
    unknown = broker.admin("GET", f"/v1/users/user_{'0' * 24}/oauth_access_tokens/{holder.provider}")
    assert (unknown.status_code, unknown.json()["errors"][0]["code"]) == (404, "resource_not_found")
    off = holder.ask(provider="nosuch")
    assert (off.status_code, off.json()["errors"][0]["code"]) == (404, "oauth_token_provider_not_enabled")
    assert holder.ask(provider=other.provider).json() == []
    assert holder.ask("?paginated=true").json()["total_count"] == 1


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("status 500", lambda: web.Response(status=500)),
        ("status 503 in HTML", lambda: web.Response(status=503, text=HTML, content_type="text/html")),
        ("status 400 in HTML", lambda: web.Response(status=400, text=HTML, content_type="text/html")),
        ("a limit", answer_json({"error": "slow_down"}, 429)),
        ("final word in an outage", answer_json({"error": "invalid_grant"}, 503)),
        ("our secret is wrong", answer_json({"error": "invalid_client"}, 401)),
        ("an error that is not final", answer_json({"error": "invalid_request"}, 400)),
        ("the word in prose", answer_json({"message": "invalid_grant error"}, 400)),
    ],
)
def test_tv_10_what_passes_keeps_the_token(
    make_holder: MakeHolder, provider: ProviderStub, name: str, answer
):
    """TV-10: an outage, a limit and our own mistakes cost nothing: the token is served while it lives, `stale` after,
    and renewed when the provider is back."""
    holder, over = make_holder(), make_holder(expires_in=0)
    provider.answers["/token"] = answer
    before = holder.token()["token"]
    served = holder.token("?force_refresh=true")
    assert (served["token"], served["health"]) == (before, "stale")
    refused = over.ask()
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["meta"]["health"] == "stale"
    assert int(refused.headers["retry-after"]) >= 1
    provider.answers.clear()
    assert over.token()["health"] == "fresh"


def test_retry_after_is_honoured(make_holder: MakeHolder, provider: ProviderStub):
    """A provider that says when it wants to be asked again is not asked before."""
    holder = make_holder(expires_in=0)
    provider.answers["/token"] = answer_json({"error": "slow_down"}, 429, **{"Retry-After": "120"})
    asked = len(provider.asked("/token"))
    waits = [int(holder.ask().headers["retry-after"]) for _ in range(3)]
    assert all(100 <= wait <= 120 for wait in waits)
    assert len(provider.asked("/token")) == asked + 1


def test_the_circuit_opens(make_holder: MakeHolder, provider: ProviderStub):
    """A provider that fails again and again is left alone, for one account as for another."""
    holder = make_holder(expires_in=0)
    provider.answers["/token"] = lambda: web.Response(status=502)
    asked = len(provider.asked("/token"))
    for _ in range(12):
        assert holder.ask().status_code == 400
    assert 5 <= len(provider.asked("/token")) - asked <= 7


def test_tv_10_a_dead_grant_is_marked_once(
    make_holder: MakeHolder, provider: ProviderStub, broker: RunningBroker
):
    """TV-10: `invalid_grant` marks the connection once; nobody asks the provider again until the person signs in."""
    holder = make_holder(expires_in=0)
    provider.answers["/token"] = answer_json({"error": "invalid_grant"}, 400)
    problem = holder.problem()
    assert problem["code"] == "oauth_token_retrieval_error"
    assert (problem["meta"]["health"], problem["meta"]["reason"]) == ("needs_reconnect", "invalid_grant")
    asked = len(provider.asked("/token"))
    for query in ("", "?min_ttl=60", "?force_refresh=true"):
        assert holder.problem(query)["meta"]["health"] == "needs_reconnect"
    assert len(provider.asked("/token")) == asked
    assert holder.account()["health"] == "needs_reconnect"
    provider.answers.clear()
    provider.subject = f"holder-{holder.provider}"
    assert sign_in(broker, holder.provider) == holder.user_id
    assert holder.token()["health"] == "fresh"


def test_a_token_that_cannot_be_renewed_ends(make_holder: MakeHolder, provider: ProviderStub):
    """Where the provider gave no refresh token an expired token is an error that says so, and no call is made."""
    holder = make_holder(expires_in=0, refresh_token=None)
    asked = len(provider.asked("/token"))
    assert holder.problem()["code"] == "oauth_missing_refresh_token"
    assert holder.account()["health_reason"] == "no_refresh_token"
    lasting = make_holder(refresh_token=None)
    assert lasting.token()["health"] == "fresh"
    assert lasting.problem("?force_refresh=true")["code"] == "oauth_missing_refresh_token"
    assert len(provider.asked("/token")) == asked + 1  # the second sign-in


def test_tv_09_a_lost_answer_ends_in_reconnect(make_holder: MakeHolder, provider: ProviderStub):
    """TV-09: with a provider whose refresh tokens are good once, a lost answer is not asked for again: the connection
    needs its person. What was handed out before is served while it lives."""
    holder, over = (make_holder(expires_in=each, rotates=True) for each in (3600, 0))
    before = holder.token()["token"]
    provider.answers["/token"] = answer_json(["no", "tokens"])
    asked = len(provider.asked("/token"))
    served = holder.token("?force_refresh=true")
    assert (served["token"], served["health"], served["health_reason"]) == (
        before,
        "needs_reconnect",
        "answer_lost",
    )
    assert over.problem()["meta"]["reason"] == "answer_lost"
    assert over.problem()["meta"]["reason"] == "answer_lost"
    assert len(provider.asked("/token")) == asked + 2


def test_a_lost_answer_is_asked_for_again_in_its_grace(make_holder: MakeHolder, provider: ProviderStub):
    """Where the provider declares a grace, the same refresh token is sent once more, and nothing is lost."""
    holder = make_holder(expires_in=0, rotates=True, rotation_grace=30)
    provider.rotation = "grace"

    def lose_one() -> web.StreamResponse:
        provider.answers.pop("/token")
        return web.Response(text="{", content_type="application/json")

    provider.answers["/token"] = lose_one
    assert holder.token()["health"] == "fresh"
    assert provider.refreshed == 1


def test_a_backend_may_insist(make_holder: MakeHolder, provider: ProviderStub):
    """After a lost answer `force_refresh` tries the kept refresh token all the same, and heals what is still alive."""
    holder = make_holder(expires_in=0, rotates=True)
    provider.answers["/token"] = answer_json({})
    assert holder.problem()["meta"]["reason"] == "answer_lost"
    provider.answers.clear()
    assert holder.problem()["meta"]["reason"] == "answer_lost"
    assert holder.token("?force_refresh=true")["health"] == "fresh"
    assert holder.token()["health"] == "fresh"


def test_tv_07_no_refresh_token_leaves(make_holder: MakeHolder, provider: ProviderStub):
    """TV-07: no door shows a provider's refresh token."""
    holder = make_holder(expires_in=0)
    shown = holder.ask().text + holder.ask("?force_refresh=true").text
    shown += holder.broker.admin("GET", holder.path).text
    shown += holder.broker.admin("GET", f"{holder.path}/external_accounts").text
    assert "rt-canary" not in shown
    assert "at-canary" in shown


def test_a_caller_that_goes_away_ends_nothing(make_holder: MakeHolder, provider: ProviderStub):
    """A refresh goes on when the backend that asked for it hangs up, and its token is kept."""
    provider.refresh_delay = 0.6
    holder = make_holder(expires_in=0)
    with pytest.raises(httpx2.TimeoutException):
        httpx2.get(
            f"{holder.broker.address}{holder.path}/oauth_access_tokens/{holder.provider}",
            headers={"authorization": f"Bearer {holder.broker.secret_key}"},
            **{**LOCAL, "timeout": 0.2},
        )
    assert holder.token()["health"] == "fresh"
    assert provider.refreshed == 1
