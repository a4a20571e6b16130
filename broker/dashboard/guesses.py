"""Wrong keys at the sign-in page: answered one after the other, and told to the audit log once a minute."""

import asyncio

PAUSE = 1.0  # seconds before each answer to a wrong key
MOST_WAITING = 10  # the others are answered at once: they would only fill the memory
REPORTED_EVERY = 60  # seconds


class Guesses:
    """Of one process. A right key never waits, whoever else is guessing: 256 random bits need no lock that shuts admins
    out. What is slowed down is noise, and the audit log is kept from being pushed out by it."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._unreported = 0
        self._reported_at = 0

    async def slow_down(self) -> None:
        """Until it is this wrong key's turn to be answered."""
        self._unreported += 1
        if self._waiting >= MOST_WAITING:
            return
        self._waiting += 1
        try:
            async with self._turn:
                await asyncio.sleep(PAUSE)
        finally:
            self._waiting -= 1

    def to_report(self, now: int) -> int:
        """How many wrong keys the audit log has not heard of; 0: it heard less than a minute ago."""
        if now - self._reported_at < REPORTED_EVERY:
            return 0
        count, self._unreported, self._reported_at = self._unreported, 0, now
        return count
