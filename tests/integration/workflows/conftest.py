"""A client of the test server, with the platform's own data converter."""

import pytest
from temporalio.client import Client

from attune.stack.temporal import EmbeddedTemporal
from attune.temporal.client import TemporalAddress, connect


@pytest.fixture
async def temporal_client(temporal: EmbeddedTemporal) -> Client:
    """Speak to the server as the orchestrator does."""
    return await connect(TemporalAddress(temporal.address))
