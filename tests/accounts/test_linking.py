"""What an e-mail address joins, and what it does not: over HTTP, at a provider whose words the test chooses."""

import pytest

from tests.accounts.people import ASKED, MISSING, People, keys

UNVERIFIED = {
    "unverified": False,
    "missing": MISSING,
    "null": None,
    "text false": "false",
    "text of other case": "True",
    "zero": 0,
    "one": 1,
    "text one": "1",
    "a list": [True],
}


@pytest.mark.parametrize("said", UNVERIFIED.values(), ids=UNVERIFIED)
def test_lk_01_new_side_unverified(people: People, said: object):
    """LK-01: somebody whose provider does not say plainly that the address is verified is a new user, and is asked nothing."""
    ada = people.sign_in("ada")
    stranger = people.sign_in("eve", "other", email_verified=said)
    assert stranger.user_id != ada.user_id
    assert [each["id"] for each in stranger.accounts()] != [each["id"] for each in ada.accounts()]
    assert len(ada.accounts()) == len(stranger.accounts()) == 1


@pytest.mark.parametrize("said", UNVERIFIED.values(), ids=UNVERIFIED)
def test_lk_03_made_before_with_an_unverified_address(people: People, said: object):
    """LK-03: an account made before by somebody who never proved the address gains nothing when its owner arrives: two
    users, and the earlier one's session sees nothing of the owner's accounts, tokens and sessions."""
    eve = people.sign_in("eve", email_verified=said)
    owner = people.sign_in("ada", "other")
    assert owner.user_id != eve.user_id
    (seen,) = eve.accounts()
    assert seen["provider"] == "oauth_stub"
    assert [each["id"] for each in eve.me("/sessions").json()] == [eve.claims["sid"]]
    assert [each["id"] for each in owner.me("/sessions").json()] == [owner.claims["sid"]]
    tokens = people.broker.admin("GET", f"/v1/users/{eve.user_id}/oauth_access_tokens/other")
    assert tokens.json() == []
    assert eve.me(f"/sessions/{owner.claims['sid']}", "DELETE").status_code == 404


def test_lk_01_verified_on_both_sides_is_asked(people: People):
    """LK-01: an address verified on both sides joins nobody by itself where the provider is not authoritative for it."""
    ada = people.sign_in("ada")
    people.asked("ada-too", "other")
    assert [each["id"] for each in people.users()] == [ada.user_id]
    assert len(people.accounts(ada.user_id)) == 1


def test_lk_01_a_truth_in_text_is_a_truth(people: People):
    """LK-01: the text "true", as Apple writes it, is as good as true."""
    people.sign_in("ada", email_verified="true")
    people.asked("ada-too", "other", email_verified="true")


def test_lk_01_other_case(people: People):
    """LK-01: upper and lower case are one address."""
    people.sign_in("ada")
    people.asked("ada-too", "other", email=people.address.upper())


ALIKE = {
    "homograph": lambda address: address.replace("p", "\u0440", 1),
    "full-width at": lambda address: address.replace("@", "\uff20"),
    "small at": lambda address: address.replace("@", "\ufe6b"),
    "full-width letter": lambda address: address.replace("p", "\uff50", 1),
    "two at": lambda address: f"{address}@example.com",
    "two at, theirs behind": lambda address: f"evil@evil.example@{address}",
    "accent": lambda address: address.replace("e", "\u00e9", 1),
    "combining accent": lambda address: address.replace("@", "\u0301@"),
    "space in front": lambda address: f" {address}",
    "space behind": lambda address: f"{address} ",
    "line break": lambda address: f"{address}\n",
    "null byte": lambda address: f"{address}\0",
    "zero-width": lambda address: address.replace("@", "\u200b@"),
    "quoted": lambda address: f'"{address}"@example.com',
    "comment": lambda address: address.replace("@", "(evil)@"),
    "sub-address": lambda address: address.replace("@", "+1@"),
    "dot": lambda address: address.replace("p", "p.", 1),
    "domain with a dot": lambda address: f"{address}.",
}


@pytest.mark.parametrize("alike", ALIKE.values(), ids=ALIKE)
def test_lk_01_alike_is_not_the_same(people: People, alike):
    """LK-01: an address that merely looks like a known one, or reads like it to some other program, meets nobody."""
    ada = people.sign_in("ada")
    stranger = people.sign_in("eve", "other", email=alike(people.address))
    assert stranger.user_id != ada.user_id
    assert len(people.accounts(ada.user_id)) == 1


def test_lk_01_kelvin(people: People):
    """LK-01: letters that Unicode's lower case folds into ASCII, such as the Kelvin sign, are not ASCII."""
    people.address = f"k{people.address}"
    ada = people.sign_in("ada")
    folded = people.address.replace("k", "\u212a", 1)
    assert folded.lower() == people.address
    assert people.sign_in("eve", "other", email=folded).user_id != ada.user_id


def test_lk_01_two_that_look_alike_do_not_meet_each_other(people: People):
    """LK-01: an address that is not plain ASCII does not even meet itself."""
    homograph = people.address.replace("p", "\u0440", 1)
    first = people.sign_in("ada", email=homograph)
    assert people.sign_in("ada-too", "other", email=homograph).user_id != first.user_id


def test_lk_01_no_address(people: People):
    """LK-01: two people without an address are two people, though both say that it is verified."""
    first = people.sign_in("ada", email=MISSING)
    people.provider.userinfo = lambda said: {"sub": said["sub"]}
    assert people.sign_in("eve", "other", email=MISSING).user_id != first.user_id


def test_lk_01_an_address_of_once_is_owned_no_more(people: People):
    """LK-01: a user whose account tells another address now owns the earlier one no more, though the index still knows it."""
    ada = people.sign_in("ada")
    again = people.sign_in("ada", email=f"new-{people.address}")
    assert again.user_id == ada.user_id
    assert people.sign_in("eve", "other").user_id != ada.user_id


def test_lk_01_a_changed_address_makes_nobody_else(people: People):
    """LK-01: who is known stays who they are when their account takes on a victim's address, verified or not; the victim
    keeps what is theirs (nOAuth)."""
    victim = people.sign_in("victim")
    eve = people.sign_in("eve", "other", email=f"eve-{people.address}")
    for said in (False, MISSING, True):
        again = people.sign_in("eve", "other", email_verified=said)
        assert again.user_id == eve.user_id
    assert [each["provider"] for each in people.accounts(victim.user_id)] == ["oauth_stub"]


def test_lk_01_the_same_provider_names_two_people(people: People):
    """LK-01: one provider that tells one address of two subjects names two people, so the second is asked."""
    people.sign_in("ada")
    people.asked("successor", "stub")


def test_nothing_is_stored_until_the_proof(people: People):
    """Who is asked for proof leaves nothing but the sealed record behind the page's buttons."""
    people.sign_in("ada")
    kinds = ("identity:*", "user:*", "accounts:*", "grant:*", "code:*", "email*")
    before = [keys(people.broker, kind) for kind in kinds]
    people.asked("ada-too", "other")
    assert [keys(people.broker, kind) for kind in kinds] == before


def test_several_owners_may_each_prove(people: People):
    """Where two users own one address, a third account is asked for proof of either, and joins the one that is proven."""
    people.sign_in("ada", email_verified=False)
    second = people.sign_in("ada-too", "other")
    people.sign_in("ada")  # verified by now
    phone, page = people.asked("ada-three", "third")
    assert "Continue with Stub" in page.text
    assert "Continue with Other" in page.text
    people.tell("ada-too")
    landing = phone.press(page, "Continue with Other")
    answer = phone.exchange(landing["code"])
    assert phone.userinfo(answer.json()["access_token"]).json()["sub"] == second.user_id


def test_the_page_names_no_more_than_it_must(people: People):
    """The page names the person's own address and the ways in, and nothing else of the other user."""
    ada = people.sign_in("ada", name="Ada Secret", preferred_username="adasecret")
    _, page = people.asked("ada-too", "other", name="Somebody")
    assert people.address in page.text
    for told in ("Ada Secret", "adasecret", ada.user_id, "Third"):
        assert told not in page.text
    assert page.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert ASKED in page.text
