"""When to leave a provider alone: a circuit breaker (closed, open, one probe), one a provider. Pure; `now` in seconds."""

from dataclasses import dataclass

THRESHOLD = 5  # failures in a row before it opens
FIRST_PAUSE = 1.0  # seconds; doubles with every failure from then on
LONGEST_PAUSE = 60.0
LONGEST_RETRY_AFTER = 3_600.0  # a provider may ask for patience, not for ever
PROBE = 15.0  # seconds in which one caller tries and the others wait


@dataclass
class Circuit:
    """Only what every account would meet counts as a failure: a dead refresh token is its owner's own."""

    failures: int = 0
    shut_until: float = 0.0

    def wait(self, now: float) -> float:
        """Seconds until a call may be made; 0: now, and whoever is told so makes it."""
        if now < self.shut_until:
            return self.shut_until - now
        if self.failures >= THRESHOLD:
            self.shut_until = now + PROBE
        return 0.0

    def succeeded(self) -> None:
        self.failures, self.shut_until = 0, 0.0

    def failed(self, now: float, retry_after: float | None = None) -> None:
        """`retry_after` opens it at once: the provider said when it wants to hear from us."""
        self.failures += 1
        pause = 0.0
        if retry_after is not None:
            pause = min(max(retry_after, 0.0), LONGEST_RETRY_AFTER)
        elif self.failures >= THRESHOLD:
            pause = min(FIRST_PAUSE * 2 ** min(self.failures - THRESHOLD, 10), LONGEST_PAUSE)
        self.shut_until = max(self.shut_until, now + pause)
