"""One stack for the tests that break it; each leaves it whole."""

from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from attune.stack.stack import Stack
from tests.support.api import Person


@pytest.fixture(scope="package")
async def _stack() -> AsyncIterator[Stack]:
    # Not below pytest's directory, which another run closes to PostgreSQL's user.
    with TemporaryDirectory(prefix="attune-faults-") as directory:
        async with Stack(Path(directory)) as running:
            yield running


@pytest.fixture
async def stack(_stack: Stack) -> AsyncIterator[Stack]:
    """All processes, which have to work again after the test."""
    yield _stack
    for part in _stack.part_names:
        # One that a failed test left stopped would fail all that follow.
        await _stack.start(part)


@pytest.fixture
async def person(stack: Stack) -> AsyncIterator[Person]:
    """The administrator of the stack, logged in."""
    admin = Person(stack)
    await admin.log_in()
    await admin.worker_is_there()
    yield admin
    await admin.close()
