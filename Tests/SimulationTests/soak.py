#!/usr/bin/env python3
"""Class after class on the same two servers for long, something failing in each: do memory and descriptors stay flat?

    soak.py [--minutes 15] [--seed 1] [--players 40]

A class takes about twenty seconds and has one fault, of those that leave the servers alive. When its clients have gone, the servers'
memory, descriptors and threads are printed. The exit status is 1 if a checker found a violation, or if descriptors or threads grew.
"""

import argparse
import asyncio
import dataclasses
import os
import pathlib
import random
import re
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Support"))

import faults  # noqa: E402
import simulation  # noqa: E402

DEADLY = {"kill-node", "restart-node", "restart-all"}
# Classes until caches and pools have their size.
WARM_UP = 5


def sample(node):
    status = pathlib.Path(f"/proc/{node.process.pid}/status").read_text("ascii", "replace")
    threads = int(re.search(r"^Threads:\s+(\d+)", status, re.MULTILINE).group(1))
    return node.process.resident_kib, node.process.descriptors, threads


async def settled(node):
    """A sample when all clients have gone: what is closed on one side takes a moment to be closed on the other."""
    best = sample(node)
    for _ in range(20):
        await asyncio.sleep(0.1)
        best = min(best, sample(node), key=lambda taken: taken[1])
    return best


async def soak(options, folder):
    names = tuple(name for name in faults.BY_NAME if name not in DEADLY)
    drawn = faults.drawn(list(names), 10_000, random.Random(options.seed))
    plan = simulation.Plan(options.seed, names, 1, nodes=2, players=options.players, questions=4)
    end = time.monotonic() + 60 * options.minutes
    samples, violations = [], 0
    async with simulation.cluster_for(plan, folder) as cluster:
        while time.monotonic() < end:
            number = len(samples)
            verdict = await simulation.play(
                dataclasses.replace(plan, seed=options.seed + number, faults=(drawn[number],)), cluster, f"round{number}-"
            )
            taken = [await settled(node) for node in cluster.nodes]
            samples.append((time.monotonic(), taken))
            violations += len(verdict.violations)
            told = "; ".join(f"{kib / 1024:.1f} MiB, {descriptors} descriptors, {threads} threads" for kib, descriptors, threads in taken)
            print(f"{number:3} {drawn[number]:14} {told}; {len(verdict.violations)} violations, {verdict.seconds:.0f} s", flush=True)
            for violation in verdict.violations[:5]:
                print(f"    {violation}", flush=True)
    return samples, violations


def judge(samples):
    """The slopes after the warm-up; whether descriptors and threads are where they were."""
    later = samples[WARM_UP:]
    times = [moment / 3600 for moment, _ in later]
    flat = True
    for node in range(len(samples[0][1])):
        columns = list(zip(*(taken[node] for _, taken in later)))
        slope = statistics.linear_regression(times, columns[0]).slope / 1024
        grown = [statistics.median(column[-5:]) - statistics.median(column[:5]) for column in columns[1:]]
        print(f"node{node}: memory {slope:+.1f} MiB an hour; descriptors {grown[0]:+.0f}, threads {grown[1]:+.0f} from first to last")
        flat = flat and max(grown) <= 2
    return flat


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--players", type=int, default=40)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak") as folder:
        os.chmod(folder, 0o711)
        samples, violations = asyncio.run(soak(options, pathlib.Path(folder)))
    if len(samples) < 2 * WARM_UP:
        print("too short to tell slopes")
        return 1 if violations else 0
    return 0 if judge(samples) and not violations else 1


if __name__ == "__main__":
    sys.exit(main())
