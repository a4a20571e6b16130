"""How a provider's tokens live, in words: for the guides and their table. Pure."""

from collections.abc import Iterable, Iterator, Mapping

from broker.providers.lifecycle import Lifecycle
from broker.providers.provider import Provider

UNITS = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
FACTS = {
    "rotates": "rotation",
    "grace": "grace",
    "access_lifetime": "life of an access token",
    "refresh_lifetime": "life of a refresh token",
    "refresh_idle": "life without use",
    "renewable_after": "renewal",
    "offline_scope": "how a refresh token is brought",
    "offline_params": "how a refresh token is brought",
    "consent_params": "how another is asked for",
    "renewal": "renewal",
    "exchange": "the exchange",
    "renewal_call": "renewal",
    "revokes": "giving back",
    "revocation_call": "giving back",
}


def facts_in_words(facts: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(FACTS.get(fact, fact) for fact in facts))


def duration(seconds: int) -> str:
    """In the largest unit that divides it: 15552000 is `180 days`."""
    size, unit = next((size, unit) for size, unit in UNITS if seconds % size == 0)
    count = seconds // size
    return f"{count} {unit}{'' if count == 1 else 's'}"


def refresh_in_short(provider: Provider) -> str:
    """For a cell of the table."""
    lifecycle = provider.lifecycle
    if lifecycle.renewal == "access_token":
        return "none: the access token renews itself"
    if lifecycle.renewal is None:
        return "none"
    kept = {True: "rotates", False: "stays", None: "yes"}[lifecycle.rotates]
    if not provider.documented.refresh_token:
        return f"none; of another kind of app: {kept}"
    return ", ".join([kept, *brought_by(lifecycle)])


def brought_by(lifecycle: Lifecycle) -> Iterator[str]:
    if lifecycle.offline_scope:
        yield f"by scope `{lifecycle.offline_scope}`"
    if lifecycle.offline_params:
        yield f"by {parameters(lifecycle.offline_params)}"


def parameters(sent: Mapping[str, str]) -> str:
    return ", ".join(f"`{name}={value}`" for name, value in sent.items())


def revocation_in_short(lifecycle: Lifecycle) -> str:
    if lifecycle.revokes is None:
        return "no call"
    return f"{lifecycle.revokes.replace('_', ' ')}{', by its own call' if lifecycle.revocation_call else ''}"


def sentences(provider: Provider) -> Iterator[str]:
    """One fact or two each; what nothing is documented of is said to be so."""
    lifecycle = provider.lifecycle
    yield access_token(lifecycle)
    if lifecycle.renewal == "access_token":
        yield by_itself(lifecycle)
    elif lifecycle.renewal is None:
        yield "There is no refresh token: when the access token is over, its person must sign in again."
    else:
        yield from refresh_token(provider)
    yield given_back(lifecycle)


def access_token(lifecycle: Lifecycle) -> str:
    if lifecycle.exchange:
        lives = duration(lifecycle.access_lifetime) if lifecycle.access_lifetime else "longer"
        return f"The access token of a sign-in is traded for one that lives {lives}."
    if lifecycle.access_lifetime:
        return (
            f"An access token whose answer has no `expires_in` lives {duration(lifecycle.access_lifetime)}."
        )
    return "An access token lives as long as its answer says (`expires_in`); one whose answer does not say is taken not to end."


def by_itself(lifecycle: Lifecycle) -> str:
    after = f" once it is {duration(lifecycle.renewable_after)} old" if lifecycle.renewable_after else ""
    return (
        f"There is no refresh token: the access token is renewed with itself{after}. One that is over cannot be renewed, "
        "so `refresh_ahead` is worth switching on."
    )


def refresh_token(provider: Provider) -> Iterator[str]:
    lifecycle = provider.lifecycle
    if not provider.documented.refresh_token:
        yield "The kind of app that is set up here gets no refresh token. What follows is so for a kind that does."
    if how := " and ".join(brought_by(lifecycle)):
        yield f"A refresh token is brought {how}."
    if lifecycle.consent_params:
        yield f"When none is held, {parameters(lifecycle.consent_params)} asks for a new one."
    yield rotation(lifecycle)
    if lifecycle.refresh_lifetime:
        yield f"A refresh token ends after {duration(lifecycle.refresh_lifetime)}."
    if lifecycle.refresh_idle:
        yield f"A refresh token ends after {duration(lifecycle.refresh_idle)} without use."


def rotation(lifecycle: Lifecycle) -> str:
    """What becomes of a refresh token that was used, and what that means for an answer that was lost."""
    if lifecycle.rotates is False:
        return "A refresh token stays the same, so it is sent again when an answer was lost."
    if lifecycle.rotates is None and lifecycle.grace is None:
        return "Whether a refresh replaces the refresh token is not documented: it is sent once more when an answer was lost."
    if not lifecycle.grace:
        never = "with no grace documented" if lifecycle.grace is None else "at once"
        return (
            f"A refresh replaces the refresh token and ends the old one {never}, so it is never sent again."
        )
    return (
        "A refresh replaces the refresh token; the old one may be sent again for "
        f"{duration(lifecycle.grace)}, so it is when an answer was lost."
    )


def given_back(lifecycle: Lifecycle) -> str:
    if lifecycle.revokes is None:
        return "No call is known that gives a grant back: a person does it in the provider's own settings."
    token = lifecycle.revokes.replace("_", " ")
    call = lifecycle.revocation_call
    if call is None:
        return f"A grant is given back by RFC 7009, with the {token}."
    return f"A grant is given back by the provider's own call (`{call.method} {call.url}`), with the {token}."
