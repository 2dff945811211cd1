"""A supervisor for the tests of this folder."""

from collections.abc import AsyncIterator

import pytest

from attune.runtimes.process import Supervisor


@pytest.fixture
async def supervisor() -> AsyncIterator[Supervisor]:
    """Yield a supervisor of its own for each test."""
    supervisor = Supervisor()
    await supervisor.start()
    yield supervisor
    await supervisor.stop()
