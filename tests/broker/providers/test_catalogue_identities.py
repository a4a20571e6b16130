"""Who came, where a provider's answers need more than a look at the right place; test_recorded_shapes.py has all of them."""

import hmac
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from broker.core.identity import Identity
from broker.core.records import ProviderConfiguration
from broker.providers import CATALOGUE
from broker.providers.attributes import from_openid_claims
from broker.providers.id_token import Expected, issuer_equal
from broker.providers.provider import connect
from broker.providers.token_requests import profile_requests

TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"

GITHUB = {
    "login": "octocat",
    "id": 583231,
    "node_id": "MDQ6VXNlcjU4MzIzMQ==",
    "avatar_url": "https://avatars.githubusercontent.com/u/583231?v=4",
    "type": "User",
    "name": "monalisa octocat",
    "email": "shown-in-public@example.com",
    "two_factor_authentication": True,
}
GITHUB_EMAILS = [
    {"email": "second@example.com", "verified": True, "primary": False, "visibility": None},
    {"email": "octocat@example.com", "verified": True, "primary": True, "visibility": "private"},
]
MICROSOFT = {
    "ver": "2.0",
    "iss": f"https://login.microsoftonline.com/{TENANT}/v2.0",
    "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
    "aud": "6cb04018-a3f5-46a7-b995-940c78f5aef3",
    "exp": 1536361411,
    "iat": 1536274711,
    "name": "Abe Lincoln",
    "preferred_username": "AbeLi@microsoft.example.com",
    "oid": "00000000-0000-0000-66f3-3332eca7ea81",
    "email": "abeli@microsoft.example.com",
    "tid": TENANT,
}
FACEBOOK = {
    "id": "1234567890123456",
    "name": "Jane Smith",
    "first_name": "Jane",
    "last_name": "Smith",
    "email": "jsmith@example.com",
    "picture": {
        "data": {
            "height": 50,
            "width": 50,
            "is_silhouette": False,
            "url": "https://platform-lookaside.fbsbx.com/platform/profilepic/?asid=1234567890123456",
        }
    },
}
INSTAGRAM = {
    "user_id": "17841405793187218",
    "id": "39250387624560410",
    "username": "jayposiris",
    "name": "Jay Posiris",
    "profile_picture_url": "https://scontent.cdninstagram.com/v/t51/p.jpg",
}
THREADS = {
    "id": "1234567",
    "username": "threadsapitestuser",
    "name": "Threads API Test User",
    "threads_profile_picture_url": "https://scontent-sjc3-1.cdninstagram.com/link/to/profile/picture",
}
TOLD = [
    (True, True),
    (False, False),
    ("true", True),
    ("false", False),
    ("True", None),
    ("yes", None),
    ("1", None),
    (1, None),
    (0, None),
    (None, None),
    ([True], None),
    ({}, None),
]


@pytest.mark.parametrize("provider_id", ["google", "apple"])
@pytest.mark.parametrize(("said", "read"), TOLD)
def test_email_verified(provider_id: str, said: object, read: bool | None):
    """An e-mail counts as verified when the provider says true, or "true" as Apple does, and in no other spelling."""
    identity = CATALOGUE[provider_id].to_identity(
        {"sub": "1", "email": "a@b.example", "email_verified": said}
    )
    assert identity.email_verified is read


EDOV = [
    (True, True),
    ("1", True),
    (1, True),
    (False, None),
    ("0", None),
    ("true", None),
    (None, None),
    ([1], None),
]


@pytest.mark.parametrize(("said", "read"), EDOV)
def test_microsoft_verified_domain(said: object, read: bool | None):
    """Microsoft's address is verified by `xms_edov` alone; `email_verified` is a tenant's own word and not heard."""
    answer = {**MICROSOFT, "email_verified": True, "xms_edov": said}
    assert CATALOGUE["microsoft"].to_identity(answer).email_verified is read


ISSUERS = [
    ({}, True),
    ({"tid": TENANT.upper()}, False),
    ({"tid": "9188040d-6c67-4c5b-b112-36a304b66dad"}, False),
    ({"tid": f"{TENANT}\n"}, False),
    ({"tid": None}, False),
    ({"tid": [TENANT]}, False),
    ({"iss": "https://login.microsoftonline.com/{tid}/v2.0"}, False),
    ({"iss": "https://login.microsoftonline.com/common/v2.0", "tid": "common"}, False),
    ({"iss": "https://login.microsoftonline.com/a/../b/v2.0", "tid": "a/../b"}, False),
    ({"iss": f"https://login.microsoftonline.com/{TENANT}/v2.0/"}, False),
    ({"iss": f"https://sts.example.com/{TENANT}/v2.0"}, False),
    ({"iss": f"https://login.microsoftonline.com/{TENANT}"}, False),
]


@pytest.mark.parametrize(("changes", "equal"), ISSUERS)
def test_oc_01_issuer_of_a_tenant(changes: dict[str, Any], equal: bool):
    """OC-01: Microsoft's issuer is the configured text with the token's own tenant in it, if that is a tenant's id."""
    expected = Expected(
        issuers=(CATALOGUE["microsoft"].issuer or "",), audiences=(), presenters=(), nonce="", algorithms=()
    )
    assert issuer_equal({**MICROSOFT, **changes}, expected, "RS256") is equal


EMAILS = {
    "as it is": (GITHUB_EMAILS, ("octocat@example.com", True)),
    "primary unverified": ([{**GITHUB_EMAILS[1], "verified": False}], ("octocat@example.com", False)),
    "verified in words": ([{**GITHUB_EMAILS[1], "verified": "true"}], ("octocat@example.com", False)),
    "no primary": ([GITHUB_EMAILS[0]], (None, None)),
    "primary in words": ([{**GITHUB_EMAILS[0], "primary": "true"}], (None, None)),
    "none": ([], (None, None)),
    "rows of another kind": (["octocat@example.com", 7, GITHUB_EMAILS[1]], ("octocat@example.com", True)),
}


@pytest.mark.parametrize("listed", EMAILS)
def test_github_emails(listed: str):
    """GitHub's address is the primary one of its list, never the one shown in public."""
    rows, expected = EMAILS[listed]
    identity = CATALOGUE["github"].to_identity({"user": GITHUB, "emails": rows})
    assert (identity.email, identity.email_verified) == expected


META = {"facebook": (FACEBOOK, "id"), "instagram": (INSTAGRAM, "user_id"), "threads": (THREADS, "id")}


@pytest.mark.parametrize("provider_id", META)
def test_profile_of_meta(provider_id: str):
    """Meta's profiles are one call with the token in the header; Facebook's carries the proof that the call is ours."""
    configuration = ProviderConfiguration(
        id=provider_id, client_id="x", credentials={"client_secret": "hush"}
    )
    connection = connect(CATALOGUE[provider_id], configuration, "https://id.example.com")
    (request,) = profile_requests(connection, "at-1", {}, 0).values()
    proof = hmac.new(b"hush", b"at-1", "sha256").hexdigest()
    assert request.headers == {"Authorization": "Bearer at-1"}
    asked = parse_qs(urlsplit(request.url).query)
    assert asked.get("appsecret_proof", []) == ([proof] if provider_id == "facebook" else [])


@pytest.mark.parametrize("provider_id", META)
def test_oc_07_renamed_at_meta(provider_id: str):
    """OC-07: Who is renamed at one of Meta's providers stays who they are; another number is somebody else."""
    answer, number = META[provider_id]

    def subject(**changes: str) -> str:
        return CATALOGUE[provider_id].to_identity({"user": {**answer, **changes}}).subject

    assert subject() == subject(username="other", name="Other", email="other@example.com")
    assert subject(**{number: "99"}) != subject()


@pytest.mark.parametrize("number", [None, "octocat", "", [], 1.5, True, "1 2"])
@pytest.mark.parametrize("provider_id", META)
def test_oc_07_no_number_at_meta(provider_id: str, number: object):
    """OC-07: A profile of Meta's without its number is nobody's."""
    answer, name = META[provider_id]
    with pytest.raises((TypeError, ValueError, KeyError)):
        CATALOGUE[provider_id].to_identity({"user": {**answer, name: number}})


def test_oc_07_renamed_login():
    """OC-07: A GitHub login that was renamed, or taken over by another account, changes nothing of who is who."""
    to_identity = CATALOGUE["github"].to_identity
    before = to_identity({"user": GITHUB, "emails": []})
    renamed = to_identity(
        {"user": {**GITHUB, "login": "monalisa", "name": "M."}, "emails": GITHUB_EMAILS[:1]}
    )
    successor = to_identity({"user": {**GITHUB, "id": 583232}, "emails": GITHUB_EMAILS})
    assert before.subject == renamed.subject != successor.subject


@pytest.mark.parametrize("number", [None, "octocat", "", [], 1.5, True])
def test_oc_07_no_number(number: object):
    """OC-07: A GitHub profile without its numeric id is nobody's."""
    with pytest.raises((TypeError, ValueError, KeyError)):
        CATALOGUE["github"].to_identity({"user": {**GITHUB, "id": number}, "emails": []})


UNUSABLE = [7, None, "", [], {}, True, "x" * 1025]


@pytest.mark.parametrize("value", UNUSABLE)
@pytest.mark.parametrize(
    "name", ["email", "name", "given_name", "family_name", "preferred_username", "picture"]
)
def test_claims_that_are_no_text(name: str, value: object):
    """A descriptive claim that is no text, empty or an essay is as if it had not been said."""
    identity = from_openid_claims({"sub": "1", name: value})
    assert identity == Identity(subject="1")
