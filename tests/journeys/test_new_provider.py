"""A provider is added by adding its file, and by nothing else."""

import shutil
from pathlib import Path

import httpx2
import pytest

from tests.conftest import HTTPS_REDIRECT
from tests.phone import Phone
from tests.running import LOCAL, RunningBroker, running_broker
from tests.valkey import running_valkey

HOME = Path(__file__).parents[2]
NEW_FILE = '''
"""Example: plain OAuth 2 with a nested profile."""

from broker.providers.attributes import mapped
from broker.providers.calls import get
from broker.providers.documented import Documented
from broker.providers.provider import Provider

PROVIDER = Provider(
    id="example",
    name="Example",
    source="https://example.com/docs",
    authorization_endpoint="https://example.com/authorize",
    token_endpoint="https://example.com/token",
    scopes=("who",),
    profile={"me": get("https://api.example.com/me")},
    to_identity=mapped(subject="me.data.id", email="me.data.mail"),
    documented=Documented(profile={"me": {"data": {"id": "{subject}", "mail": "{email}"}}}),
)
'''


@pytest.fixture
def grown(tmp_path: Path):
    """A broker whose code is this one's and one file more."""
    for package in ("broker", "allowlist"):
        shutil.copytree(HOME / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "broker/providers/catalogue/example.py").write_text(NEW_FILE)
    with running_valkey() as url, running_broker(url, code=tmp_path, SIMULATED_PROVIDERS="1") as running:
        running.allow(HTTPS_REDIRECT)
        yield running


def test_one_file(grown: RunningBroker):
    """With the new file in the folder people sign in through the new provider, simulated in its own dialect."""
    with httpx2.Client(follow_redirects=False, **LOCAL) as browser:
        phone = Phone(grown, "default", HTTPS_REDIRECT, provider="example", browser=browser)
        asked = phone.follow(phone.authorize()).response
        back = browser.post(str(asked.request.url), data={"persona": "grace", "outcome": "approve"})
        tokens = phone.exchange(phone.follow(back)["code"]).json()
        who = browser.get(
            f"{grown.address}/userinfo", headers={"authorization": f"Bearer {tokens['access_token']}"}
        )
    assert who.json()["email"] == "grace@example.com"
    listed = grown.admin("GET", "/v1/providers").json()
    assert "example" in {each["id"] for each in listed}
