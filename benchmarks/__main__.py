"""python -m benchmarks [flows|matching] [--seconds S] [--runs N] [--concurrency C] [--json FILE]"""

import argparse
import sys
from pathlib import Path

import uvloop

from benchmarks import flows, matching


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="How much work one core does.")
    parser.add_argument("what", nargs="?", choices=("flows", "matching"), default="flows")
    parser.add_argument("--seconds", type=float, default=1, help="at most this long a timed run (1)")
    parser.add_argument("--runs", type=int, default=5, help="timed runs of which the median counts (5)")
    parser.add_argument("--concurrency", type=int, default=16, help="phones at work at once (16)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too (flows only)")
    chosen = parser.parse_args()
    if min(chosen.seconds, chosen.runs, chosen.concurrency) <= 0:
        parser.error("--seconds, --runs and --concurrency must be above zero")
    if chosen.what == "matching":
        uvloop.run(matching.main())
        return
    report = uvloop.run(flows.run(flows.Load(chosen.seconds, chosen.runs, chosen.concurrency)))
    print(report.table())
    if chosen.json:
        chosen.json.write_text(report.json() + "\n")
    sys.exit(1 if report.failures else 0)


if __name__ == "__main__":
    main()
