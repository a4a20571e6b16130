"""A time as people read it: the day and hour in UTC, and how long ago or how soon that is."""

import time
from datetime import UTC, datetime
from typing import Any

from broker.pages.words import Words

UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


def moment(seconds: float, say: Words) -> Any:
    """Markup: a `<time>`, with relative words beside it."""
    from markupsafe import Markup  # noqa: PLC0415 - most answers are no page

    at = datetime.fromtimestamp(seconds, UTC)
    return Markup('<time datetime="{}">{}</time> <span class="fine">{}</span>').format(
        f"{at:%Y-%m-%dT%H:%M:%SZ}", written(seconds), relative(seconds - time.time(), say)
    )


def written(seconds: float) -> str:
    """The day and hour alone, for a label."""
    at = datetime.fromtimestamp(seconds, UTC)
    return f"{at.day} {at:%b %Y, %H:%M} UTC"


def brief(seconds: float, say: Words) -> Any:
    """Markup: a `<time>` of relative words alone, to the second; the day and hour are its tooltip."""
    from markupsafe import Markup  # noqa: PLC0415 - as above

    at, age = datetime.fromtimestamp(seconds, UTC), int(time.time() - seconds)
    words = relative(-age, say) if age else say("time.just_now")
    if 0 < age < UNITS[-1][0]:
        words = say(f"time.second{'' if age == 1 else 's'}_ago", n=age)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        f"{at:%Y-%m-%dT%H:%M:%SZ}", f"{at.day} {at:%b %Y, %H:%M:%S} UTC", words
    )


def relative(seconds: float, say: Words) -> Any:
    """`seconds` from now; negative ones are past."""
    away, side = abs(seconds), "ago" if seconds < 0 else "ahead"
    for length, unit in UNITS:
        if away >= length:
            n = int(away // length)
            return say(f"time.{unit}{'' if n == 1 else 's'}_{side}", n=n)
    return say("time.just_now" if side == "ago" else "time.soon")
