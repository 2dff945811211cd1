"""Looking on the whole machine for processes that should be gone."""

import random

import psutil


def new_mark() -> str:
    """Return a number for `sleep` that no other test or run of the tests uses."""
    return str(random.randrange(10**6, 10**9))  # noqa: S311 - no secret


def survivors(mark: str) -> list[psutil.Process]:
    """Return the processes that have the mark among their arguments."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if mark in (process.info["cmdline"] or [])
    ]
