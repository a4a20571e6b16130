"""Giving grants back: at the provider where it can be, here in any case, and the truth told."""

import re
import subprocess

import pytest
from aiohttp import web

from tests.broker.custody.conftest import Holder, MakeHolder, sign_in
from tests.provider_stub import ProviderStub
from tests.running import BROKER, RunningBroker, clean_environment


def revoked_at(provider: ProviderStub) -> list[str]:
    return [asked["token"] for asked in provider.asked("/revoke")]


def family_of(holder: Holder, provider: ProviderStub) -> str:
    """The refresh token that is good now."""
    (current,) = {
        each.current for each in provider.families.values() if each.subject == f"holder-{holder.provider}"
    }
    return current


def test_revoking_tokens_keeps_the_account(
    make_holder: MakeHolder, provider: ProviderStub, broker: RunningBroker
):
    """The provider gets its refresh token back, the connection says `revoked`, and a new sign-in connects it anew."""
    holder = make_holder()
    refresh_token, account = family_of(holder, provider), holder.account()["id"]
    answer = broker.admin("DELETE", f"{holder.path}/external_accounts/{account}/tokens")
    assert (answer.status_code, answer.json()["revocation"]) == (200, "revoked")
    assert revoked_at(provider) == [refresh_token]
    assert holder.account()["health"] == "revoked"
    assert holder.problem("?force_refresh=true")["code"] == "oauth_missing_access_token"
    again = broker.admin("DELETE", f"{holder.path}/external_accounts/{account}/tokens")
    assert again.json()["revocation"] == "nothing_to_revoke"
    provider.subject = f"holder-{holder.provider}"
    assert sign_in(broker, holder.provider) == holder.user_id
    assert holder.token()["health"] == "fresh"


def test_tv_11_erased_though_the_provider_is_down(
    make_holder: MakeHolder, provider: ProviderStub, broker: RunningBroker
):
    """TV-11: a provider that does not take its tokens back keeps nobody from being erased; the answer says `pending`."""
    holder = make_holder()
    provider.answers["/revoke"] = lambda: web.Response(status=503)
    answer = broker.admin("DELETE", holder.path)
    assert answer.status_code == 200
    assert [each["revocation"] for each in answer.json()["revocations"]] == ["pending"]
    assert broker.admin("GET", holder.path).status_code == 404
    assert holder.ask().status_code == 404
    provider.answers.clear()
    provider.subject = f"holder-{holder.provider}"
    assert sign_in(broker, holder.provider) != holder.user_id


def test_the_last_account_stays(make_holder: MakeHolder, broker: RunningBroker):
    """The one account by which a user signs in is not taken from them."""
    holder = make_holder()
    answer = broker.admin("DELETE", f"{holder.path}/external_accounts/{holder.account()['id']}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "last_required_identification_deletion_failed"
    assert holder.token()["health"] == "fresh"


@pytest.mark.parametrize("path", ["/external_accounts/eac_x", "/external_accounts/eac_x/tokens"])
def test_what_is_not_there_is_not_found(make_holder: MakeHolder, broker: RunningBroker, path: str):
    """An account that the user does not have is 404."""
    assert broker.admin("DELETE", make_holder().path + path).status_code == 404


def revoke_all(broker: RunningBroker, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*BROKER, "providers", "revoke-all", *arguments],
        env=clean_environment(broker.environment),
        capture_output=True,
        text=True,
        check=False,
    )


def test_all_of_a_provider(make_holder: MakeHolder, provider: ProviderStub, broker: RunningBroker):
    """`broker providers revoke-all` gives back every grant of that provider, of no other, and says how it went."""
    holder, bystander = make_holder(), make_holder()
    provider.subject = "somebody-else"
    other = sign_in(broker, holder.provider)
    done = revoke_all(broker, holder.provider, "--yes")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "2 connections: 2 revoked"
    assert re.search(r"^\d+ of about \d+ keys of Redis$", done.stderr, re.MULTILINE)
    assert len(revoked_at(provider)) == 2
    assert holder.account()["health"] == "revoked"
    assert broker.admin("GET", f"/v1/users/{other}/oauth_access_tokens/{holder.provider}").status_code == 422
    assert bystander.token()["health"] == "fresh"


def test_revoking_all_needs_a_word(make_holder: MakeHolder, provider: ProviderStub, broker: RunningBroker):
    """Without `--yes` nothing is revoked unasked, and an unknown provider is an error that names it."""
    holder = make_holder()
    assert revoke_all(broker, holder.provider).returncode != 0
    unknown = revoke_all(broker, "nosuch", "--yes")
    assert unknown.returncode == 1
    assert "nosuch" in unknown.stderr
    assert holder.token()["health"] == "fresh"
