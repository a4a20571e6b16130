"""The whole way through every provider of the catalogue, each met in its own dialect over the broker's true code path."""

import re
import time
from collections.abc import Iterator
from html import unescape
from urllib.parse import urljoin

import httpx2
import jwt
import pytest

from broker.providers import CATALOGUE
from tests.conftest import HTTPS_REDIRECT
from tests.phone import Landing, Phone
from tests.running import LOCAL, RunningBroker, running_broker
from tests.valkey import running_valkey

pytestmark = pytest.mark.xdist_group("every_provider")


@pytest.fixture(scope="module")
def simulated() -> Iterator[RunningBroker]:
    """A broker with the whole catalogue simulated, and no credentials of anybody."""
    with running_valkey() as url, running_broker(url, SIMULATED_PROVIDERS="1") as running:
        running.allow(HTTPS_REDIRECT)
        yield running


@pytest.fixture
def person(simulated: RunningBroker) -> Iterator[Phone]:
    """A phone whose app lets people choose their provider on the broker's page."""
    with httpx2.Client(follow_redirects=False, **LOCAL) as browser:
        yield Phone(simulated, "default", HTTPS_REDIRECT, browser=browser)


def choose(phone: Phone, name: str, **answers: str) -> Landing:
    """From the picker by the provider's name, through its own page, back to the app."""
    picker = phone.authorize(provider=None)
    links = dict(re.findall(r'<a [^>]*href="([^"]*)"[^>]*>\s*(?:<[^>]*>\s*)*([^<]*?)\s*<', picker.text))
    (link,) = [unescape(url) for url, text in links.items() if unescape(text).endswith(name)]
    asked = phone.follow(phone.browser.get(urljoin(str(picker.request.url), link))).response
    told = {"persona": "ada", "outcome": "approve", **answers}
    back = phone.browser.post(str(asked.request.url), data=told)
    return phone.press(back) if back.status_code == 200 else phone.follow(back)


@pytest.mark.parametrize("provider_id", CATALOGUE)
def test_the_whole_way(simulated: RunningBroker, person: Phone, provider_id: str):
    """From the picker through the provider's dialect to a session, a token read, a refresh and a disconnection."""
    provider = CATALOGUE[provider_id]
    tokens = person.exchange(choose(person, provider.name)["code"]).json()
    user_id = jwt.decode(tokens["access_token"], options={"verify_signature": False})["sub"]
    home = f"/v1/users/{user_id}"

    (account,) = simulated.admin("GET", f"{home}/external_accounts").json()
    assert account["provider"] == f"oauth_{provider_id}"
    assert account["health"] == "fresh"
    (read,) = simulated.admin("GET", f"{home}/oauth_access_tokens/{provider_id}").json()
    assert set(provider.scopes) <= set(read["scopes"])

    again = simulated.admin("GET", f"{home}/oauth_access_tokens/{provider_id}?force_refresh=true")
    lifecycle = provider.lifecycle
    renews = lifecycle.renewal == "access_token" or (
        lifecycle.renewal == "refresh_token" and provider.documented.refresh_token
    )
    if renews:
        assert again.status_code == 200, again.text
        assert again.json()[0]["token"] != read["token"]
    else:
        assert again.json()["errors"][0]["code"] == "oauth_missing_refresh_token"

    given = simulated.admin("DELETE", f"{home}/external_accounts/{account['id']}/tokens").json()
    assert given["revocation"] == ("revoked" if lifecycle.revokes else "unsupported")
    assert simulated.admin("DELETE", home).json()["deleted"] is True


EXPIRING = [
    each.id
    for each in CATALOGUE.values()
    if each.lifecycle.revokes == "access_token" and "expires_in" in str(each.documented.token)
]


@pytest.mark.parametrize("provider_id", EXPIRING)
def test_tv_11_a_grant_whose_access_token_is_over(simulated: RunningBroker, person: Phone, provider_id: str):
    """TV-11: where only an access token ends a grant, one that is over is renewed first, so that the grant does end."""
    back = choose(person, CATALOGUE[provider_id].name, persona="grace", expires_in="1")
    tokens = person.exchange(back["code"]).json()
    user_id = jwt.decode(tokens["access_token"], options={"verify_signature": False})["sub"]
    time.sleep(1.1)
    renewable = CATALOGUE[provider_id].lifecycle.renewal == "refresh_token"
    (given,) = simulated.admin("DELETE", f"/v1/users/{user_id}").json()["revocations"]
    assert given["revocation"] == ("revoked" if renewable else "nothing_to_revoke")
