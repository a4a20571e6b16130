"""Who came, read from answers in the shape in which each provider of the catalogue gives them."""

import hmac
from typing import Any
from urllib.parse import parse_qs

import pytest

from broker.core.identity import Identity
from broker.core.records import ProviderConfiguration
from broker.providers import CATALOGUE
from broker.providers.github import fetch_profile
from broker.providers.id_token import Expected, issuer_equal
from broker.providers.provider import Connection, connect, from_openid_claims

TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"

GOOGLE = {
    "iss": "https://accounts.google.com",
    "azp": "1234.apps.googleusercontent.com",
    "aud": "1234.apps.googleusercontent.com",
    "sub": "110169484474386276334",
    "at_hash": "HK6E_P6Dh8Y93mRNtsDB1Q",
    "hd": "example.com",
    "email": "jsmith@example.com",
    "email_verified": True,
    "name": "Jane Smith",
    "given_name": "Jane",
    "family_name": "Smith",
    "picture": "https://lh3.googleusercontent.com/a/photo=s96-c",
    "iat": 1353601026,
    "exp": 1353604926,
}
APPLE = {
    "iss": "https://appleid.apple.com",
    "aud": "com.example.signin",
    "exp": 1596621649,
    "iat": 1596621049,
    "sub": "001451.3dc436155xxxxxxxxxxxxxxxxxxxx59f.0447",
    "c_hash": "iUqI9Vyxxxxxxxxxg-CyoA",
    "email": "8m2xxxxmew@privaterelay.appleid.com",
    "email_verified": "true",
    "is_private_email": "true",
    "auth_time": 1596621049,
    "nonce_supported": True,
}
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
RECORDED: dict[str, tuple[dict[str, Any], Identity]] = {
    "google": (
        GOOGLE,
        Identity(
            subject="110169484474386276334",
            email="jsmith@example.com",
            email_verified=True,
            name="Jane Smith",
            given_name="Jane",
            family_name="Smith",
            picture="https://lh3.googleusercontent.com/a/photo=s96-c",
        ),
    ),
    "apple": (
        APPLE,
        Identity(
            subject="001451.3dc436155xxxxxxxxxxxxxxxxxxxx59f.0447",
            email="8m2xxxxmew@privaterelay.appleid.com",
            email_verified=True,
        ),
    ),
    "github": (
        {**GITHUB, "primary_email": GITHUB_EMAILS[1]},
        Identity(
            subject="583231",
            email="octocat@example.com",
            email_verified=True,
            name="monalisa octocat",
            username="octocat",
            picture="https://avatars.githubusercontent.com/u/583231?v=4",
        ),
    ),
    "microsoft": (
        MICROSOFT,
        Identity(
            subject="AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
            email="abeli@microsoft.example.com",
            email_verified=None,
            name="Abe Lincoln",
            username="AbeLi@microsoft.example.com",
        ),
    ),
    "facebook": (
        FACEBOOK,
        Identity(
            subject="1234567890123456",
            email="jsmith@example.com",
            email_verified=None,
            name="Jane Smith",
            given_name="Jane",
            family_name="Smith",
            picture="https://platform-lookaside.fbsbx.com/platform/profilepic/?asid=1234567890123456",
        ),
    ),
    "instagram": (
        INSTAGRAM,
        Identity(
            subject="17841405793187218",
            name="Jay Posiris",
            username="jayposiris",
            picture="https://scontent.cdninstagram.com/v/t51/p.jpg",
        ),
    ),
    "threads": (
        THREADS,
        Identity(
            subject="1234567",
            name="Threads API Test User",
            username="threadsapitestuser",
            picture="https://scontent-sjc3-1.cdninstagram.com/link/to/profile/picture",
        ),
    ),
}


def test_every_provider_is_recorded():
    """Each provider of the catalogue has its recorded answer here."""
    assert set(RECORDED) == set(CATALOGUE)


@pytest.mark.parametrize("provider_id", RECORDED)
def test_recorded_answer(provider_id: str):
    """The identity is read from an answer as the provider gives it."""
    answer, expected = RECORDED[provider_id]
    assert CATALOGUE[provider_id].to_identity(answer) == expected


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


@pytest.mark.anyio
@pytest.mark.parametrize("listed", EMAILS)
async def test_github_emails(listed: str):
    """GitHub's address is the primary one of its list, never the one shown in public."""
    rows, expected = EMAILS[listed]
    answers = {"https://api.github.com/user": GITHUB, "https://api.github.com/user/emails": rows}

    async def get_json(url: str, access_token: str) -> object:
        assert access_token == "gho_token"
        return answers.pop(url)

    profile = await fetch_profile(get_json, connected("github"), "gho_token")
    identity = CATALOGUE["github"].to_identity(profile)
    assert (identity.email, identity.email_verified) == expected
    assert not answers


def connected(provider_id: str) -> Connection:
    configuration = ProviderConfiguration(
        id=provider_id, client_id="x", credentials={"client_secret": "hush"}
    )
    return connect(CATALOGUE[provider_id], configuration, "https://id.example.com")


META = {"facebook": (FACEBOOK, "id"), "instagram": (INSTAGRAM, "user_id"), "threads": (THREADS, "id")}


@pytest.mark.anyio
@pytest.mark.parametrize("provider_id", META)
async def test_profile_of_meta(provider_id: str):
    """Meta's profiles are one call with the token in the header; Facebook's carries the proof that the call is ours."""
    answer, _ = META[provider_id]
    called = []

    async def get_json(url: str, access_token: str) -> object:
        called.append((url, access_token))
        return {"data": [answer]} if provider_id == "instagram" else answer

    provider = CATALOGUE[provider_id]
    assert provider.fetch_profile
    assert await provider.fetch_profile(get_json, connected(provider_id), "at-1") == answer
    ((url, token),) = called
    address, _, query = url.partition("?")
    assert (address, token) == (provider.userinfo_endpoint, "at-1")
    proof = hmac.new(b"hush", b"at-1", "sha256").hexdigest()
    assert parse_qs(query).get("appsecret_proof", []) == ([proof] if provider_id == "facebook" else [])


@pytest.mark.parametrize("provider_id", META)
def test_oc_07_renamed_at_meta(provider_id: str):
    """OC-07: Who is renamed at one of Meta's providers stays who they are; another number is somebody else."""
    answer, number = META[provider_id]
    to_identity = CATALOGUE[provider_id].to_identity
    renamed = to_identity({**answer, "username": "other", "name": "Other", "email": "other@example.com"})
    assert to_identity(answer).subject == renamed.subject
    assert to_identity({**answer, number: "99"}).subject != renamed.subject


@pytest.mark.parametrize("number", [None, "octocat", "", [], 1.5, True, "1 2"])
@pytest.mark.parametrize("provider_id", META)
def test_oc_07_no_number_at_meta(provider_id: str, number: object):
    """OC-07: A profile of Meta's without its number is nobody's."""
    answer, name = META[provider_id]
    with pytest.raises((TypeError, ValueError, KeyError)):
        CATALOGUE[provider_id].to_identity({**answer, name: number})


def test_oc_07_renamed_login():
    """OC-07: A GitHub login that was renamed, or taken over by another account, changes nothing of who is who."""
    to_identity = CATALOGUE["github"].to_identity
    before = to_identity({**GITHUB, "primary_email": {}})
    renamed = to_identity({**GITHUB, "login": "monalisa", "name": "M.", "primary_email": GITHUB_EMAILS[0]})
    successor = to_identity({**GITHUB, "id": 583232, "primary_email": GITHUB_EMAILS[1]})
    assert before.subject == renamed.subject != successor.subject


@pytest.mark.parametrize("number", [None, "octocat", "583231", "", [], 1.5, True])
def test_oc_07_no_number(number: object):
    """OC-07: A GitHub profile without its numeric id is nobody's."""
    with pytest.raises((TypeError, ValueError, KeyError)):
        CATALOGUE["github"].to_identity({**GITHUB, "id": number, "primary_email": {}})


UNUSABLE = [7, None, "", [], {}, True, "x" * 1025]


@pytest.mark.parametrize("value", UNUSABLE)
@pytest.mark.parametrize(
    "name", ["email", "name", "given_name", "family_name", "preferred_username", "picture"]
)
def test_claims_that_are_no_text(name: str, value: object):
    """A descriptive claim that is no text, empty or an essay is as if it had not been said."""
    identity = from_openid_claims({"sub": "1", name: value})
    assert identity == Identity(subject="1")
