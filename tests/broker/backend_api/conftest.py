"""The API as a backend calls it: one connection, the secret key unless another is given."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from tests.running import RunningBroker


@dataclass(frozen=True)
class Api:
    """Calls of `/v1` over a kept connection."""

    http: httpx2.Client

    def call(self, method: str, path: str, body: object = None, **options: Any) -> httpx2.Response:
        """A body is sent as JSON where the method has one."""
        if method in {"POST", "PATCH"} and "content" not in options:
            options["json"] = {} if body is None else body
        return self.http.request(method, path, **options)

    def good(self, method: str, path: str, body: object = None) -> Any:
        """The answer's JSON; every success is 200, because Clerk's Python client takes nothing else."""
        answer = self.call(method, path, body)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/json"
        return answer.json()

    def refused(self, method: str, path: str, body: object = None, **options: Any) -> tuple[int, str, Any]:
        """Status, code and the named parameter of the one error; its envelope has Clerk's form."""
        answer = self.call(method, path, body, **options)
        envelope = answer.json()
        assert answer.headers["content-type"] == "application/json"
        assert set(envelope) == {"errors", "clerk_trace_id"}
        (error,) = envelope["errors"]
        assert set(error) == {"code", "message", "long_message", "meta"}
        return answer.status_code, error["code"], error["meta"].get("param_name")


@pytest.fixture
def api(broker: RunningBroker) -> Iterator[Api]:
    headers = {"authorization": f"Bearer {broker.secret_key}"}
    with httpx2.Client(base_url=broker.address, headers=headers, timeout=20) as http:
        yield Api(http)


@pytest.fixture
def stranger(broker: RunningBroker) -> Iterator[Api]:
    """Who has no key."""
    with httpx2.Client(base_url=broker.address, timeout=20) as http:
        yield Api(http)
