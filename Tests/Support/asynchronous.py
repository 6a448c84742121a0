"""Runs an asynchronous test under a time limit, so that a lost message fails a test and never hangs the suite."""

import asyncio
import functools


def bounded(seconds):
    """`seconds` is what the test takes on a quiet machine, with room; a busy one gets ten times as long."""

    def wrap(test):
        @functools.wraps(test)
        def run(*arguments, **named):
            return asyncio.run(asyncio.wait_for(test(*arguments, **named), 10 * seconds))

        return run

    return wrap
