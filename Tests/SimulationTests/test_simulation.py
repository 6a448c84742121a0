"""A short form of `make check`: two servers, their database, Redis and connections fail in the middle of a burst."""

import asyncio
import os
import random

import pytest

import faults
import simulation


def played(plan, folder):
    """The history of a run without a violation."""
    os.chmod(folder, 0o711)
    verdict = asyncio.run(simulation.run(plan, folder))
    assert verdict.violations == []
    # A run in which nothing happened would show nothing.
    assert len(verdict.history.faults) == plan.fault_count
    assert verdict.history.acknowledged >= plan.sessions * plan.players
    return verdict.history


@pytest.mark.parametrize(
    "plan",
    [
        simulation.Plan(1, ("kill-node", "kill-postgres"), nodes=2, players=40, questions=3, messages=3),
        simulation.Plan(2, ("cut-clients", "cut-database", "kill-redis"), 3, nodes=2, players=40, questions=3, messages=3),
    ],
    ids=["processes", "connections"],
)
def test_nothing_acknowledged_is_lost_doubled_or_out_of_order(plan, tmp_path):
    history = played(plan, tmp_path)
    assert history.heard and history.boards and history.writes


def test_a_rolling_restart_loses_nothing_and_everybody_comes_back(tmp_path):
    plan = simulation.Plan(3, ("restart-all",), 1, nodes=2, players=40, questions=3, messages=3)
    history = played(plan, tmp_path)
    assert len(history.drains) == plan.nodes and max(history.drains) <= 30
    # The run ends when all of them have heard the end of their session and the last word of the chat.
    assert {closing.code for closing in history.closings} == {1012}
    assert len({closing.listener for closing in history.closings}) >= plan.sessions * plan.players


def test_the_checkers_notice_a_server_that_counts_twice_what_is_sent_twice(tmp_path):
    plan = simulation.Plan(1, ("cut-clients",), 2, players=20, questions=3, messages=1, sabotage="twice")
    os.chmod(tmp_path, 0o711)
    violations = "\n".join(asyncio.run(simulation.run(plan, tmp_path)).violations)
    assert "was acknowledged with other points than are stored" in violations
    assert "the final board is not the fold over all stored answers" in violations


def test_a_seed_draws_every_fault_before_one_comes_twice():
    names = list(faults.BY_NAME)
    first, again = (faults.drawn(names, 2 * len(names), random.Random(7)) for _ in range(2))
    assert first == again
    assert sorted(first[: len(names)]) == sorted(names) == sorted(first[len(names) :])
