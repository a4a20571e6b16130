"""python -m benchmarks [flows|custody|matching] [--seconds S] [--runs N] [--concurrency C] [--json FILE]"""

import argparse
import sys
from pathlib import Path

import uvloop

from benchmarks import custody, flows, matching
from benchmarks.findings import Findings
from benchmarks.report import Report


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="How much work one core does.")
    parser.add_argument("what", nargs="?", choices=("flows", "custody", "matching"), default="flows")
    parser.add_argument("--seconds", type=float, default=1, help="at most this long a timed run (1)")
    parser.add_argument("--runs", type=int, default=5, help="timed runs of which the median counts (5)")
    parser.add_argument("--concurrency", type=int, default=16, help="phones at work at once (16)")
    parser.add_argument(
        "--connections", type=int, default=20_000, help="held by the loaded broker, custody only (20,000)"
    )
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write the figures there too (not of matching)"
    )
    chosen = parser.parse_args()
    if min(chosen.seconds, chosen.runs, chosen.concurrency, chosen.connections - 1) <= 0:
        parser.error("--seconds, --runs and --concurrency must be above zero, --connections above one")
    if chosen.what == "matching":
        uvloop.run(matching.main())
        return
    load = flows.Load(chosen.seconds, chosen.runs, chosen.concurrency)
    found: Report | Findings
    if chosen.what == "custody":
        found = uvloop.run(custody.run(load, chosen.connections))
    else:
        found = uvloop.run(flows.run(load))
    print(found.table())
    if chosen.json:
        chosen.json.write_text(found.json() + "\n")
    sys.exit(1 if found.failures else 0)


if __name__ == "__main__":
    main()
