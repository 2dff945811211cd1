"""A supervisor for the tests of this folder."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from attune.runtimes.process import Supervisor
from attune.runtimes.run import RunLimits
from tests.integration.runtimes.launches import Bench, open_bench


@pytest.fixture
async def supervisor() -> AsyncIterator[Supervisor]:
    """Yield a supervisor of its own for each test."""
    supervisor = Supervisor()
    await supervisor.start()
    yield supervisor
    await supervisor.stop()


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """Yield a worker's launcher with quick limits."""
    limits = RunLimits(output_bytes=100_000, grace_seconds=0.5)
    async with open_bench(tmp_path, limits) as bench:
        yield bench
