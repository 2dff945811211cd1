"""One whole stack for the tests that leave it as they found it."""

from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from attune.stack.stack import Stack
from tests.support.api import Person


@pytest.fixture(scope="package")
async def stack() -> AsyncIterator[Stack]:
    """All processes, with data in a directory that goes away."""
    # Not below pytest's directory, which another run closes to PostgreSQL's user.
    with TemporaryDirectory(prefix="attune-e2e-") as directory:
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


@pytest.fixture(scope="session")
def names() -> "Names":
    """Names that no other test uses."""
    return Names()


class Names:
    """Counts packs, because tests share a stack."""

    def __init__(self) -> None:
        self._count = 0

    def pack(self) -> str:
        """Return a pack ref that is new."""
        self._count += 1
        return f"pack{self._count}"
