"""A stack for each test, because these tests break it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from attune.stack.stack import Stack
from tests.support.api import Person


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    """All processes, with data of their own."""
    async with Stack(tmp_path / "stack") as running:
        yield running


@pytest.fixture
async def person(stack: Stack) -> AsyncIterator[Person]:
    """The administrator of the stack, logged in."""
    admin = Person(stack)
    await admin.log_in()
    await admin.worker_is_there()
    yield admin
    await admin.close()
