"""What is told of a sign-in while it goes its way, and what a person who looks at it should make of that. Pure.

Nothing here is secret or personal: a flow's id is made to be shown, an error is a word of a fixed list, and a user is named by
id, once it is known who it is.
"""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec

from broker.core.errors import ErrorCode, OAuthError

FLOW_ID = re.compile(r"flow_([0-9a-f]{12})[0-9a-f]{12}")
ON_ITS_WAY = 60_000  # milliseconds that a code lives
PATIENCE = 600_000  # milliseconds that a flow waits for a person, at a provider or on a page of ours
AT_WORK = 30_000  # milliseconds after which a broker that is asking a provider would have said something


class StepName(StrEnum):
    """How far it has come."""

    STARTED = "started"
    AT_PROVIDER = "at_provider"
    BACK = "back"
    PROOF_ASKED = "proof_asked"
    RETURN_PAGE = "return_page"
    CODE_HANDED_OUT = "code_handed_out"
    EXCHANGED = "exchanged"
    RECONNECTED = "reconnected"
    DIED = "died"


class Kind(StrEnum):
    """What it was begun for. `sdk`: a provider's SDK on the device, so there was no browser."""

    SIGN_IN = "sign_in"
    CONNECT = "connect"
    RECONNECT = "reconnect"
    SDK = "sdk"


class Reason(StrEnum):
    """Why a flow died: all the words there are, so that they can be counted."""

    REDIRECT_URI_REFUSED = "redirect_uri_refused"
    REQUEST_REFUSED = "request_refused"
    SCOPE_REFUSED = "scope_refused"
    SESSION_OVER = "session_over"
    EXPIRED = "expired"
    BROWSER_MISMATCH = "browser_mismatch"
    PROVIDER_MISMATCH = "provider_mismatch"
    CANCELLED = "cancelled"
    PROVIDER_REFUSED = "provider_refused"
    PROVIDER_ANSWER_REFUSED = "provider_answer_refused"
    PROVIDER_UNAVAILABLE = "provider_unavailable"
    ACCOUNT_REFUSED = "account_refused"
    CODE_MISUSED = "code_misused"
    CODE_REPLAYED = "code_replayed"
    CODE_UNKNOWN = "code_unknown"
    BROKER_ERROR = "broker_error"


class Leg(StrEnum):
    """Where on its way a flow was: the same error means another thing at each."""

    ASKED = "asked"
    PROVIDER = "provider"
    ACCOUNT = "account"


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that happened, at a millisecond since 1970. `target` is where the app waits, as people are shown it; `rule` the
    row of core/account_rules.py that refused."""

    flow: str
    name: StepName
    at: int
    kind: Kind = Kind.SIGN_IN
    client_id: str = ""
    provider: str = ""
    target: str = ""
    user_id: str = ""
    reason: Reason | None = None
    rule: str = ""


class Outcome(StrEnum):
    """In one word; `lost` is what nobody ever came back to."""

    UNDER_WAY = "under_way"
    DONE = "done"
    LOST = "lost"
    FAILED = "failed"


class Diagnosis(msgspec.Struct, frozen=True):
    """`word` leads to the sentences that say what it means and what to do."""

    outcome: Outcome
    word: str


# What the last step means, and what it means when nothing has followed for so many milliseconds.
WAITING: Mapping[StepName, tuple[str, int, str]] = {
    StepName.STARTED: ("starting", AT_WORK, "stopped_midway"),
    StepName.AT_PROVIDER: ("at_provider", PATIENCE, "never_came_back"),
    StepName.BACK: ("back", AT_WORK, "stopped_midway"),
    StepName.PROOF_ASKED: ("proof_asked", PATIENCE, "proof_left"),
    StepName.RETURN_PAGE: ("on_return_page", PATIENCE, "return_page_left"),
    StepName.CODE_HANDED_OUT: ("code_on_its_way", ON_ITS_WAY, "deep_link_lost"),
}
FINISHED = {StepName.EXCHANGED: "exchanged", StepName.RECONNECTED: "reconnected"}
REASONS: Mapping[tuple[Leg, ErrorCode], Reason] = {
    (Leg.ASKED, ErrorCode.INVALID_SCOPE): Reason.SCOPE_REFUSED,
    (Leg.ASKED, ErrorCode.ACCESS_DENIED): Reason.SESSION_OVER,
    (Leg.ASKED, ErrorCode.TEMPORARILY_UNAVAILABLE): Reason.BROKER_ERROR,
    (Leg.ASKED, ErrorCode.SERVER_ERROR): Reason.BROKER_ERROR,
    (Leg.PROVIDER, ErrorCode.ACCESS_DENIED): Reason.CANCELLED,
    (Leg.PROVIDER, ErrorCode.TEMPORARILY_UNAVAILABLE): Reason.PROVIDER_UNAVAILABLE,
    (Leg.ACCOUNT, ErrorCode.SERVER_ERROR): Reason.BROKER_ERROR,
    (Leg.ACCOUNT, ErrorCode.INVALID_GRANT): Reason.SESSION_OVER,
}
OTHERWISE: Mapping[Leg, Reason] = {
    Leg.ASKED: Reason.REQUEST_REFUSED,
    Leg.PROVIDER: Reason.PROVIDER_ANSWER_REFUSED,
    Leg.ACCOUNT: Reason.ACCOUNT_REFUSED,
}
FINAL = {Reason.CODE_MISUSED, Reason.CODE_REPLAYED}
SAID_NO = "error"  # the detail of an error that the provider itself sent


class Flow(msgspec.Struct, frozen=True):
    """One sign-in by its steps, in the order in which they happened. At least one."""

    id: str
    steps: tuple[Step, ...]

    @property
    def last(self) -> Step:
        """The latest; a death may be somebody else's try, after which the person goes on. But a code that was misused or
        replayed has ended all, whatever another process wrote in the same millisecond."""
        return next((each for each in self.steps if each.reason in FINAL), self.steps[-1])

    @property
    def began_at(self) -> int:
        return self.steps[0].at

    @property
    def kind(self) -> Kind:
        return self.steps[0].kind

    @property
    def client_id(self) -> str:
        return next((each.client_id for each in self.steps if each.client_id), "")

    @property
    def provider(self) -> str:
        return next((each.provider for each in self.steps if each.provider), "")

    @property
    def target(self) -> str:
        return next((each.target for each in self.steps if each.target), "")

    @property
    def user_id(self) -> str:
        return next((each.user_id for each in reversed(self.steps) if each.user_id), "")


def began_at(flow_id: str) -> int | None:
    """The millisecond in an id; None: it is none of ours."""
    found = FLOW_ID.fullmatch(flow_id)
    return int(found[1], 16) if found else None


def flows_of(steps: Iterable[Step]) -> list[Flow]:
    """Put steps together to flows, the newest first. Each process writes its own steps in order, and at another moment than
    the next one, so what came first is said by the steps' own times."""
    found: dict[str, list[Step]] = {}
    for step in steps:
        found.setdefault(step.flow, []).append(step)
    flows = (Flow(flow, tuple(sorted(each, key=lambda step: step.at))) for flow, each in found.items())
    return sorted(flows, key=lambda flow: (flow.began_at, flow.id), reverse=True)


def diagnose(flow: Flow, now_ms: int) -> Diagnosis:
    """What has become of it."""
    last = flow.last
    if last.name is StepName.DIED:
        return Diagnosis(Outcome.FAILED, last.reason or Reason.BROKER_ERROR)
    if last.name in FINISHED:
        return Diagnosis(Outcome.DONE, FINISHED[last.name])
    waiting, patience, lost = WAITING[last.name]
    if now_ms - last.at <= patience:
        return Diagnosis(Outcome.UNDER_WAY, waiting)
    return Diagnosis(Outcome.LOST, lost)


def reason_of(error: OAuthError, leg: Leg) -> Reason:
    """The word for an error. Its own words stay where they are: some of them came from outside."""
    if leg is Leg.PROVIDER and error.detail == SAID_NO:
        return Reason.PROVIDER_REFUSED
    return REASONS.get((leg, error.code), OTHERWISE[leg])
