"""What a run of the custody benchmark found, as tables for people and as JSON for programs."""

from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

import msgspec

from benchmarks.report import Report
from benchmarks.storm import Storm

MEMORY = ("Redis keeps", "bytes each", "given")
STORMS = ("100 ask for one expired token", "calls", "served", "ms over the delay", "highest", "errors")


class Memory(NamedTuple):
    """What Redis needs for each of them; `given` is what the provider gave, in characters."""

    what: str
    bytes_each: float
    given: int


@dataclass
class Findings:
    """`connections` of the two brokers; `round_trips` of one read, by how many ask at once."""

    report: Report
    connections: tuple[int, int]
    memory: list[Memory] = field(default_factory=list)
    round_trips: dict[int, float] = field(default_factory=dict)
    storms: list[Storm] = field(default_factory=list)

    @property
    def failures(self) -> int:
        return self.report.failures.total() + sum(each.failed for each in self.storms)

    def table(self) -> str:
        few, many = self.connections
        trips = ", ".join(f"{trips:.2f} at {count}" for count, trips in self.round_trips.items())
        keeps = [(what, f"{size:,.0f}", f"{given:,}") for what, size, given in self.memory]
        parts = [
            f"`broker` holds {few:,} connections, `loaded` {many:,}",
            self.report.table(),
            f"Redis round trips a read, by how many ask at once: {trips}",
            markdown([MEMORY, *keeps]),
            markdown([STORMS, *map(written, self.storms)]),
        ]
        return "\n\n".join(parts)

    def json(self) -> str:
        document = {
            **msgspec.json.decode(self.report.json()),
            "connections": self.connections,
            "round_trips": {str(count): trips for count, trips in self.round_trips.items()},
            "memory": [each._asdict() for each in self.memory],
            "storms": msgspec.to_builtins(self.storms),
        }
        return msgspec.json.format(msgspec.json.encode(document)).decode()


def written(storm: Storm) -> tuple[str, ...]:
    over = f"{median(storm.over_ms):.0f}", f"{max(storm.over_ms):.0f}"
    return (storm.name, str(storm.calls), str(storm.served), *over, str(storm.failed))


def markdown(rows: list[tuple[str, ...]]) -> str:
    """Names to the left, figures to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    cells = [
        [
            row[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)),
        ]
        for row in (rows[0], ["-" * width for width in widths], *rows[1:])
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)
