"""A stack for each test, because these tests break it."""

from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from attune.stack.stack import Stack
from tests.support.api import Person


@pytest.fixture
async def stack() -> AsyncIterator[Stack]:
    """All processes, with data of their own."""
    # Not below pytest's directory, which another run closes to PostgreSQL's user.
    with TemporaryDirectory(prefix="attune-faults-") as directory:
        async with Stack(Path(directory)) as running:
            yield running


@pytest.fixture
async def person(stack: Stack) -> AsyncIterator[Person]:
    """The administrator of the stack, logged in."""
    admin = Person(stack)
    await admin.log_in()
    await admin.worker_is_there()
    yield admin
    await admin.close()
