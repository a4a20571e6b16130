"""The steps of flows that ask for proof."""

from broker.core.flows import Kind
from tests.accounts.people import People, finish
from tests.flow_steps import names, newest


def test_proof_given(people: People):
    """Who proves that the old account is theirs makes one flow: asked for proof, at the other provider, back, exchanged."""
    people.sign_in("first")
    phone, page = people.asked("second", "other")
    people.tell("first")
    finish(phone, phone.press(page, "Continue with Stub"))
    flow = newest(people.broker, Kind.SIGN_IN, "exchanged")
    assert names(flow) == [
        *("started", "at_provider", "back", "proof_asked"),
        *("at_provider", "back", "code_handed_out", "exchanged"),
    ]
    assert [step.provider for step in flow.steps if step.name == "at_provider"] == ["other", "stub"]


def test_another_than_asked_for(people: People):
    """Who signs in as somebody else than the owner has ended the flow, by the rule that says so."""
    people.sign_in("first")
    phone, page = people.asked("second", "other")
    people.tell("third", email="somebody.else@example.com")
    assert "error" in phone.press(page, "Continue with Stub").parameters
    flow = newest(people.broker, Kind.SIGN_IN, "died")
    assert flow.last.reason == "account_refused"
    assert flow.last.rule == "proof-failed"
