"""The embedded Temporal: ready, searchable, and the same after a restart."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.api.operatorservice.v1 import (
    ListSearchAttributesRequest,
    RemoveSearchAttributesRequest,
)
from temporalio.client import Client

from attune.messages.names import PACK_ATTRIBUTE
from attune.stack.ports import AUTOMATIC
from attune.stack.search_attributes import register_search_attributes
from attune.stack.temporal import EmbeddedTemporal
from attune.temporal.client import TemporalAddress


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


async def test_missing_search_attribute_is_registered(
    temporal: EmbeddedTemporal,
) -> None:
    client = await Client.connect(temporal.address)
    await client.operator_service.remove_search_attributes(
        RemoveSearchAttributesRequest(
            namespace="default", search_attributes=[PACK_ATTRIBUTE]
        )
    )

    for _ in range(2):
        await register_search_attributes(TemporalAddress(temporal.address))

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
