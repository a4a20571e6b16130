"""What the inspector makes of steps, and what may stand in them."""

import pytest

from broker.core.errors import ErrorCode, OAuthError
from broker.core.flows import (
    WAITING,
    Flow,
    Kind,
    Leg,
    Outcome,
    Reason,
    Step,
    StepName,
    began_at,
    diagnose,
    flows_of,
    reason_of,
)
from broker.core.opaque import new_flow_id
from broker.core.tallies import Counted, Hour, Tally, hours_until, name_of, read_counts, totals

NOW = 1_764_000_000_000


def step(name: str, at: int = NOW, flow: str = "flow_1", **about: object) -> Step:
    return Step(flow=flow, name=StepName(name), at=at, **about)


def flow(*names: str, at: int = NOW) -> Flow:
    return Flow("flow_1", tuple(step(name, at) for name in names))


@pytest.mark.parametrize("name", WAITING)
def test_patience(name: StepName):
    """Each step that something must follow is under way for its time, and lost a millisecond later."""
    waiting, patience, lost = WAITING[name]
    one = flow("started", name)
    assert (diagnose(one, NOW + patience).outcome, diagnose(one, NOW + patience).word) == (
        Outcome.UNDER_WAY,
        waiting,
    )
    assert (diagnose(one, NOW + patience + 1).outcome, diagnose(one, NOW + patience + 1).word) == (
        Outcome.LOST,
        lost,
    )


def test_a_lost_deep_link():
    """A code that was handed out and not exchanged for a minute says that the app never got it."""
    one = flow("started", "at_provider", "back", "code_handed_out")
    assert diagnose(one, NOW + 60_000).word == "code_on_its_way"
    assert diagnose(one, NOW + 60_001).word == "deep_link_lost"


def test_ends():
    """An exchange or a reconnection is the end, however long ago. So is a replayed code, even where another step follows it;
    what another browser tried is not, where the person went on."""
    late = NOW + 10**9
    assert diagnose(flow("started", "exchanged"), late).outcome is Outcome.DONE
    assert diagnose(flow("started", "reconnected"), late).outcome is Outcome.DONE
    dead = Flow("flow_1", (step("died", reason=Reason.CODE_REPLAYED), step("exchanged")))
    assert diagnose(dead, late) == diagnose(Flow("flow_1", dead.steps[:1]), late)
    assert diagnose(dead, late).word == "code_replayed"
    tried = Flow("flow_1", (step("died", reason=Reason.BROWSER_MISMATCH), step("exchanged")))
    assert diagnose(tried, late).outcome is Outcome.DONE


def test_flows_are_put_together():
    """Steps of two processes come mixed: each flow has its own, by their times, and the newest flow stands first."""
    steps = [
        step("back", NOW + 3, client_id="app"),
        step("started", NOW + 9, flow="flow_2"),
        step("started", NOW + 1, client_id="app", target="com.example://", kind=Kind.CONNECT),
        step("at_provider", NOW + 2, provider="stub"),
        step("exchanged", NOW + 4, user_id="user_1"),
    ]
    second, first = flows_of(steps)
    assert (second.id, first.id) == ("flow_2", "flow_1")
    assert [each.name for each in first.steps] == ["started", "at_provider", "back", "exchanged"]
    found = (first.client_id, first.provider, first.target, first.user_id, first.kind)
    assert found == ("app", "stub", "com.example://", "user_1", Kind.CONNECT)


def test_ids_hold_their_time():
    """A flow's id says when it began, and what is no id of ours says nothing."""
    assert began_at(new_flow_id(NOW)) == NOW
    assert new_flow_id(NOW) != new_flow_id(NOW)
    assert [began_at(each) for each in ("", "flow_", "flow_xyz", new_flow_id(NOW) + "0")] == [None] * 4


@pytest.mark.parametrize(
    ("leg", "code", "detail", "reason"),
    [
        (Leg.ASKED, ErrorCode.INVALID_REQUEST, None, Reason.REQUEST_REFUSED),
        (Leg.ASKED, ErrorCode.INVALID_SCOPE, None, Reason.SCOPE_REFUSED),
        (Leg.ASKED, ErrorCode.ACCESS_DENIED, None, Reason.SESSION_OVER),
        (Leg.PROVIDER, ErrorCode.ACCESS_DENIED, None, Reason.CANCELLED),
        (Leg.PROVIDER, ErrorCode.TEMPORARILY_UNAVAILABLE, "status 503", Reason.PROVIDER_UNAVAILABLE),
        (Leg.PROVIDER, ErrorCode.SERVER_ERROR, "error", Reason.PROVIDER_REFUSED),
        (Leg.PROVIDER, ErrorCode.SERVER_ERROR, "aud", Reason.PROVIDER_ANSWER_REFUSED),
        (Leg.ACCOUNT, ErrorCode.ACCESS_DENIED, None, Reason.ACCOUNT_REFUSED),
        (Leg.ACCOUNT, ErrorCode.INVALID_GRANT, None, Reason.SESSION_OVER),
    ],
)
def test_reasons(leg: Leg, code: ErrorCode, detail: str | None, reason: Reason):
    """An error is told by a word of our own, which depends on where the flow was."""
    assert reason_of(OAuthError(code, "words", detail=detail), leg) is reason


def test_hours():
    """The last hours end with the one under way, and are named in UTC."""
    now = 1_764_061_199
    assert [name_of(at) for at in hours_until(now, 3)] == ["2025112506", "2025112507", "2025112508"]


def test_totals():
    """Hours are summed by provider and reason, the most frequent first; a counter of another version is left out."""
    counts = read_counts({"failed:stub:cancelled": 2, "failed:other:expired": 3, "later:x:y": 9, "failed": 1})
    hours = [Hour(0, counts), Hour(3600, {Counted(Tally.FAILED, "stub", "cancelled"): 2})]
    assert totals(hours, Tally.FAILED) == [
        (Counted(Tally.FAILED, "stub", "cancelled"), 4),
        (Counted(Tally.FAILED, "other", "expired"), 3),
    ]
    assert hours[0].count(Tally.FAILED, Tally.STARTED) == 5
