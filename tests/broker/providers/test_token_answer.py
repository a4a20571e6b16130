"""What a token endpoint's answer says of a grant: dead for good, or not. The two never mix."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from broker.providers import CATALOGUE
from broker.providers.errors import GrantRefused, Unavailable
from broker.providers.provider import Provider
from broker.providers.token_answer import Answer, read_refresh, retry_after, was_revoked


def said(status: int, body: str, **headers: str) -> Answer:
    return Answer(status, headers, body.encode())


GOOGLE, GITHUB, FACEBOOK = (CATALOGUE[each] for each in ("google", "github", "facebook"))


@pytest.mark.parametrize(
    ("provider", "status", "body", "reason"),
    [
        (GOOGLE, 400, '{"error":"invalid_grant"}', "invalid_grant"),
        (GOOGLE, 401, '{"error":"invalid_grant","error_description":"x"}', "invalid_grant"),
        (GITHUB, 200, '{"error":"bad_refresh_token"}', "bad_refresh_token"),
        (FACEBOOK, 400, '{"error":{"code":190,"message":"expired"}}', "190"),
    ],
)
def test_final_answers(provider: Provider, status: int, body: str, reason: str):
    """The provider's own final word, in JSON, condemns a grant."""
    with pytest.raises(GrantRefused) as refused:
        read_refresh(said(status, body), 0, provider)
    assert refused.value.reason == reason


def test_final_words_of_another():
    """What is final at one provider condemns nothing at another."""
    with pytest.raises(Unavailable):
        read_refresh(said(400, '{"error":"bad_refresh_token"}'), 0, GOOGLE)


@pytest.mark.parametrize(
    ("status", "body", "heard"),
    [
        (500, "", False),
        (503, '{"error":"invalid_grant"}', False),
        (429, '{"error":"invalid_grant"}', False),
        (400, "<html>invalid_grant</html>", False),
        (400, '["invalid_grant"]', False),
        (401, '{"error":"invalid_client"}', False),
        (400, '{"error":"unauthorized_client"}', False),
        (400, '{"error":{"code":4}}', False),
        (302, "", False),
        (200, "<html>", True),
        (200, "{}", True),
        (200, '{"access_token":5}', True),
        (200, '{"access_token":"a","expires_in":"soon"}', True),
        (200, "null", True),
    ],
)
def test_passing_answers(status: int, body: str, heard: bool):
    """Everything else passes; a 200 that cannot be read may have spent the refresh token."""
    with pytest.raises(Unavailable) as passing:
        read_refresh(said(status, body), 0, GOOGLE)
    assert passing.value.heard is heard


def test_prose_of_a_provider_stays_out():
    """An error code that is no code is not repeated, in no log and no answer."""
    with pytest.raises(Unavailable) as passing:
        read_refresh(said(400, '{"error":"token abc\\ndef"}'), 0, GOOGLE)
    assert passing.value.detail == "status 400 unknown"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("120", 120.0), ("0", 0.0), ("soon", None), ("-5", None), ("", None), ("9" * 12, None)],
)
def test_retry_after_in_seconds(value: str, seconds: float | None):
    """A number of seconds is taken, anything odd is not."""
    assert retry_after(said(429, "", **{"retry-after": value})) == seconds


def test_retry_after_as_a_date():
    """A date is taken, and one in the past means now."""
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert 80 < (retry_after(said(429, "", **{"retry-after": soon})) or 0) <= 90
    assert retry_after(said(429, "", **{"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"})) == 0


@pytest.mark.parametrize(
    ("status", "body", "ended"),
    [
        (200, "", True),
        (204, "", True),
        (404, "", False),
        (400, '{"error":"invalid_token"}', False),
        (400, '{"error":"invalid_grant"}', False),
    ],
)
def test_revoked_is_told_from_unknown(status: int, body: str, ended: bool):
    """A token that the provider does not know any more needs no revoking, and is not called revoked."""
    assert was_revoked(said(status, body), GOOGLE.errors) is ended


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, ""), (401, '{"error":"invalid_client"}'), (400, "<html>"), (403, ""), (302, "")],
)
def test_not_revoked_is_said(status: int, body: str):
    """Whatever does not say that the grant is over leaves it owed."""
    with pytest.raises(Unavailable):
        was_revoked(said(status, body), GOOGLE.errors)
