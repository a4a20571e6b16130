"""Bars for a chart that is drawn by the server: an SVG without text, beside a table that says the same. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

WIDTH, HEIGHT = 720, 160  # units of the viewBox
GAP = 0.25  # share of a bar's place that stays free
LEAST = 2.0  # units: one failure among thousands is still seen


class Value(NamedTuple):
    """One place on the axis: what went well and what did not."""

    at: int
    good: int
    bad: int


class Bar(NamedTuple):
    """One rectangle, in units of the viewBox."""

    kind: str
    x: float
    y: float
    width: float
    height: float


class Chart(NamedTuple):
    """`highest` is what the whole height stands for."""

    values: Sequence[Value]
    bars: Sequence[Bar]
    highest: int


def chart(values: Sequence[Value]) -> Chart:
    """The bad stands on the good, and no bar that stands for something vanishes."""
    highest = max((value.good + value.bad for value in values), default=0)
    place = WIDTH / max(len(values), 1)
    bars = []
    for number, value in enumerate(values):
        floor = float(HEIGHT)
        for kind, count in (("good", value.good), ("bad", value.bad)):
            if count:
                height = max(LEAST, (HEIGHT - LEAST) * count / highest)
                floor -= height
                left = number * place + place * GAP / 2
                bars.append(
                    Bar(kind, round(left, 1), round(floor, 1), round(place * (1 - GAP), 1), round(height, 1))
                )
    return Chart(values, bars, highest)
