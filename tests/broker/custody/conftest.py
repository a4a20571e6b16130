"""An app backend and a person whose tokens it asks for, at a provider of their own: no circuit is shared between tests."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx2
import jwt
import pytest

from tests.conftest import HTTPS_REDIRECT, connect
from tests.phone import Phone
from tests.provider_stub import ProviderStub
from tests.running import LOCAL, RunningBroker

numbers = count(1)


@dataclass
class Holder:
    """A signed-in person, as a backend that holds the secret key sees them."""

    broker: RunningBroker
    provider: str
    user_id: str

    @property
    def path(self) -> str:
        return f"/v1/users/{self.user_id}"

    def ask(self, query: str = "", *, provider: str | None = None) -> httpx2.Response:
        return self.broker.admin("GET", f"{self.path}/oauth_access_tokens/{provider or self.provider}{query}")

    def token(self, query: str = "") -> dict[str, Any]:
        answer = self.ask(query)
        assert answer.status_code == 200, answer.text
        (token,) = answer.json()
        return dict(token)

    def problem(self, query: str = "") -> dict[str, Any]:
        """The one error of a refused read."""
        answer = self.ask(query)
        assert answer.status_code in (400, 422), answer.text
        return dict(answer.json()["errors"][0])

    def account(self) -> dict[str, Any]:
        (account,) = self.broker.admin("GET", f"{self.path}/external_accounts").json()
        return dict(account)


MakeHolder = Callable[..., Holder]


def sign_in(broker: RunningBroker, provider_id: str) -> str:
    """The user's id, after the whole trip."""
    with httpx2.Client(follow_redirects=False, **LOCAL) as browser:
        phone = Phone(broker, "default", HTTPS_REDIRECT, browser=browser)
        tokens = phone.sign_in(provider=provider_id)
    return str(jwt.decode(tokens["access_token"], options={"verify_signature": False})["sub"])


@pytest.fixture
def make_holder(broker: RunningBroker, provider: ProviderStub) -> Iterator[MakeHolder]:
    """`make_holder(expires_in=0, **configuration)`: somebody who just signed in. With 0 their token is over at once;
    with `refresh_token=None` the provider gave none."""
    made = []

    def make(expires_in: int = 3600, **given: Any) -> Holder:
        fields = {name: given.pop(name) for name in ("refresh_token",) if name in given}
        provider_id = f"keeper{next(numbers)}"
        connect(broker, provider, provider_id, **given)
        made.append(provider_id)
        provider.subject = f"holder-{provider_id}"
        provider.token_fields = {"expires_in": expires_in, **fields}
        user_id = sign_in(broker, provider_id)
        provider.token_fields = {}
        return Holder(broker, provider_id, user_id)

    yield make
    for provider_id in made:
        broker.admin("DELETE", f"/v1/providers/{provider_id}")
