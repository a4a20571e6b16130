"""What was measured, as a table for people and as JSON for programs."""

import math
import platform
from collections import Counter
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

import msgspec

SERVERS = ("broker", "ceiling")
TICK = 0.01  # seconds; the kernel counts a process's CPU time in these
HEAD = (
    "operation",
    "server",
    "ratio",
    "ops/s of one core",
    "CPU ms",
    "ops/s wall",
    "p50 ms",
    "p99 ms",
    "errors",
)
WIDTHS = (9, 7, 5, 17, 6, 10, 6, 6, 6)


class Sample(NamedTuple):
    """One timed run: latencies in seconds, sorted, of what went well; seconds on the clock and of CPU."""

    latencies: list[float]
    failures: Counter[str]
    wall: float
    cpu: float

    def cpu_ms(self) -> float:
        """Of one operation; infinite when nothing went well."""
        return max(self.cpu, TICK) / len(self.latencies) * 1000 if self.latencies else math.inf

    def per_second(self) -> float:
        return len(self.latencies) / self.wall

    def percentile_ms(self, percent: int) -> float:
        """Zero when nothing went well."""
        if not self.latencies:
            return 0
        return self.latencies[(len(self.latencies) - 1) * percent // 100] * 1000


class Row(NamedTuple):
    """Medians of the runs of one operation at one server. `ratio` is the ceiling's CPU time over this one's,
    turn by turn."""

    operation: str
    server: str
    ratio: float
    per_core: float
    cpu_ms: float
    per_second: float
    p50_ms: float
    p99_ms: float
    errors: int


class Process(NamedTuple):
    """`start_s`: from its spawning to its first answer; `peak_mib`: the most it ever had resident."""

    server: str
    start_s: float
    peak_mib: float


@dataclass
class Report:
    """Filled run by run."""

    seconds: float
    runs: int
    concurrency: int | None  # None: the rows say
    one_core: bool
    servers: tuple[str, ...] = SERVERS
    samples: dict[tuple[str, str], list[Sample]] = field(default_factory=dict)
    starts: list[dict[str, float]] = field(default_factory=list)
    peaks: dict[str, float] = field(default_factory=dict)

    def add(self, operation: str, server: str, sample: Sample) -> None:
        self.samples.setdefault((operation, server), []).append(sample)

    @property
    def failures(self) -> Counter[str]:
        return sum((each.failures for runs in self.samples.values() for each in runs), Counter[str]())

    def rows(self) -> list[Row]:
        found = []
        for (operation, server), runs in self.samples.items():
            cpu_ms = median(each.cpu_ms() for each in runs)
            pairs = zip(self.samples[operation, "ceiling"], runs, strict=True)
            row = Row(
                operation=operation,
                server=server,
                # Of runs that followed each other: what the machine does besides changes from run to run.
                ratio=median(least.cpu_ms() / each.cpu_ms() for least, each in pairs),
                per_core=1000 / cpu_ms,
                cpu_ms=cpu_ms,
                per_second=median(each.per_second() for each in runs),
                p50_ms=median(each.percentile_ms(50) for each in runs),
                p99_ms=median(each.percentile_ms(99) for each in runs),
                errors=sum(each.failures.total() for each in runs),
            )
            found.append(row)
        return found

    def processes(self) -> list[Process]:
        return [
            Process(name, median(each[name] for each in self.starts), self.peaks[name])
            for name in self.servers
        ]

    def table(self) -> str:
        where = "all on one core" if self.one_core else "server on a core of its own"
        at_once = f"{self.concurrency} at once, " if self.concurrency else ""
        lines = [
            f"{at_once}medians of {self.runs} runs of at most {self.seconds:g} s, {where}",
            "",
            line(HEAD),
            line(["-" * width for width in WIDTHS]),
        ]
        lines += [line(written(row)) for row in self.rows()]
        lines += ["", "| server  | start s | peak MiB |", "| ------- | ------- | -------- |"]
        lines += [f"| {name:<7} | {start:7.2f} | {peak:8.0f} |" for name, start, peak in self.processes()]
        lines += [f"{count} times: {failure}" for failure, count in self.failures.most_common(5)]
        return "\n".join(lines)

    def json(self) -> str:
        document = {
            "python": platform.python_version(),
            "concurrency": self.concurrency,
            "runs": self.runs,
            "seconds": self.seconds,
            "one_core": self.one_core,
            "operations": [row._asdict() for row in self.rows()],
            "processes": [process._asdict() for process in self.processes()],
        }
        return msgspec.json.format(msgspec.json.encode(document)).decode()


def written(row: Row) -> list[str]:
    return [
        row.operation,
        row.server,
        f"{row.ratio:.2f}",
        f"{row.per_core:,.0f}",
        f"{row.cpu_ms:.3f}",
        f"{row.per_second:,.0f}",
        f"{row.p50_ms:.1f}",
        f"{row.p99_ms:.1f}",
        str(row.errors),
    ]


def line(cells: list[str] | tuple[str, ...]) -> str:
    """A row of Markdown: names to the left, figures to the right."""
    words = [cell.ljust(width) for cell, width in zip(cells[:2], WIDTHS[:2], strict=True)]
    figures = [cell.rjust(width) for cell, width in zip(cells[2:], WIDTHS[2:], strict=True)]
    return f"| {' | '.join(words + figures)} |"
