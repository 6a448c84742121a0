#!/usr/bin/env python3
"""Plays classes on real processes with faults in the middle of their bursts, seed after seed, and judges what clients saw and what is stored.

    simulate.py [--seeds 20] [--first-seed 1] [--faults kill-node[,kill-postgres…]] [--nodes 1] [--sessions 2] [--players 60]

Prints a line for each seed. The exit status is 1 if anything was lost, doubled, out of order or owned by two. The history of such a run
stays in reports/simulation, one JSON object a line.
"""

import argparse
import asyncio
import os
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Support"))

import faults  # noqa: E402
import sabotage  # noqa: E402
import simulation  # noqa: E402
from server_process import CHECKOUT  # noqa: E402


def main():
    described = "\n".join(f"  {name:14} {fault.__doc__}" for name, fault in faults.BY_NAME.items())
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=f"faults:\n{described}", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--faults", default=",".join(faults.BY_NAME), help="the names to draw from; all by default")
    parser.add_argument("--fault-count", type=int, default=2, help="faults in each run")
    parser.add_argument("--nodes", type=int, default=1)
    parser.add_argument("--without-redis", action="store_true", help="one server on its own")
    parser.add_argument("--sabotage", choices=sabotage.BY_NAME, help="make the server wrong: then violations have to be found")
    parser.add_argument("--sessions", type=int, default=2)
    parser.add_argument("--players", type=int, default=60, help="players of each session, 100 at most")
    options = parser.parse_args()
    names = tuple(options.faults.split(","))
    if options.without_redis and (options.nodes > 1 or set(names) & {"kill-redis", "cut-redis", "delay"}):
        parser.error("servers beside each other, and faults of Redis, need Redis")
    unknown = set(names) - set(faults.BY_NAME)
    if unknown:
        parser.error(f"no such fault: {', '.join(sorted(unknown))}")
    failed = 0
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        plan = simulation.Plan(
            seed, names, options.fault_count, options.nodes, not options.without_redis, options.sessions, options.players,
            options.sabotage,
        )
        with tempfile.TemporaryDirectory(prefix="sim") as folder:
            # PostgreSQL runs as a user of its own and has to get there.
            os.chmod(folder, 0o711)
            verdict = asyncio.run(simulation.run(plan, pathlib.Path(folder)))
        print(verdict, flush=True)
        for violation in verdict.violations[:20]:
            print(f"    {violation}", flush=True)
        if verdict.violations:
            failed += 1
            reports = CHECKOUT / "reports" / "simulation"
            reports.mkdir(parents=True, exist_ok=True)
            verdict.history.save(reports / f"seed-{seed}.jsonl")
    print(f"{options.seeds - failed} of {options.seeds} seeds without a violation")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
