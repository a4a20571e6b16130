"""What an admin does at a provider's console, as data: the setup guides and `broker providers show` are made of it."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Setup:
    """Sentences without a final repetition of the obvious. `console` is where it begins; `steps` say what to do there,
    `{callback}` standing for the redirect URL to paste; `review` says what works for whom before the provider has
    looked at the app; `pitfalls` are what teams stumbled over; `client_id` is what the console calls the client id."""

    console: str
    steps: tuple[str, ...]
    client_id: str = "client ID"
    review: str | None = None
    pitfalls: tuple[str, ...] = ()
