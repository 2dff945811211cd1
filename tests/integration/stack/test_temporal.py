"""The embedded Temporal: ready, searchable, and the same after a restart."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.client import Client

from attune.messages.names import PACK_ATTRIBUTE
from attune.stack.ports import AUTOMATIC
from attune.stack.temporal import EmbeddedTemporal


@pytest.fixture
async def temporal(tmp_path: Path) -> AsyncIterator[EmbeddedTemporal]:
    ports = AUTOMATIC.settled("127.0.0.1")
    server = EmbeddedTemporal(tmp_path, port=ports.temporal, ui_port=ports.temporal_ui)
    await server.start()
    yield server
    await server.stop()


async def test_search_attributes_are_registered(temporal: EmbeddedTemporal) -> None:
    client = await Client.connect(temporal.address)

    answer = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace="default")
    )

    assert PACK_ATTRIBUTE in answer.custom_attributes


async def test_restart_keeps_workflows(temporal: EmbeddedTemporal) -> None:
    client = await Client.connect(temporal.address)
    await client.start_workflow("Any", id="kept", task_queue="nobody")

    await temporal.stop()
    await temporal.start()

    client = await Client.connect(temporal.address)
    description = await client.get_workflow_handle("kept").describe()
    assert description.workflow_type == "Any"
