"""Runs an asynchronous test under a time limit, so that a lost message fails a test and never hangs the suite."""

import asyncio
import functools


def bounded(seconds):
    def wrap(test):
        @functools.wraps(test)
        def run(*arguments, **named):
            return asyncio.run(asyncio.wait_for(test(*arguments, **named), seconds))

        return run

    return wrap
