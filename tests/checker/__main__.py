"""`python -m tests.checker`: run the checker; 1 where something was violated.

A long run is made of rounds, each with a server and a log of its own, and the next seed.
"""

import argparse
import random
import sys
import time

from tests.checker.planted import BUGS
from tests.checker.running import Plan, check

_ROUND = 120.0  # seconds of a round of a long run
_PERIOD = 5.0  # seconds between two kills, where their number is not given


def main() -> int:
    """Run what the arguments say, and print what was found."""
    arguments = _arguments()
    seconds = arguments.minutes * 60 if arguments.minutes else arguments.seconds
    rounds = max(1, round(seconds / _ROUND))
    kills = int(seconds / _PERIOD) if arguments.kills is None else arguments.kills
    if arguments.bug is not None:
        kills = 0
    began = time.monotonic()
    violations = killed = 0
    for number in range(rounds):
        plan = Plan(
            seconds / rounds,
            kills * (number + 1) // rounds - kills * number // rounds,
            arguments.seed + number,
            arguments.writers,
            arguments.bug,
        )
        print(f"seed {plan.seed}: {plan.seconds:.0f} s, {plan.kills} kills", flush=True)
        findings = check(plan)
        print(findings.report(), flush=True)
        violations += findings.violations.total()
        killed += findings.counts["kills"]
    taken = time.monotonic() - began
    print(f"{rounds} rounds, {killed} kills, {violations:,} violations in {taken:.0f} s")
    return 1 if violations else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.checker")
    duration = parser.add_mutually_exclusive_group()
    duration.add_argument("--seconds", type=float, default=8.0, help="how long to write (8)")
    duration.add_argument("--minutes", type=float)
    parser.add_argument("--kills", type=int, help="of the server in all (one each 5 seconds)")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--writers", type=int, default=4, help="threads that write (4)")
    parser.add_argument("--bug", choices=BUGS, help="plant this fault into the server")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
