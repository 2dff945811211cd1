"""Events emitted by people and sensors."""

from typing import Any

from attune.domain.permission import TokenType
from tests.integration.api.defining import (
    Workshop,
)
from tests.integration.api.people import Person


async def emit(shop: Workshop, **fields: Any) -> Any:
    return await shop.post(
        "/events", {"trigger_ref": f"{shop.pack.ref}.fired"} | fields
    )


def sensor(shop: Workshop, *trigger_refs: str) -> Person:
    headers = shop.api.headers(
        TokenType.SENSOR, None, login="sensor:s", trigger_types=list(trigger_refs)
    )
    return Person(0, "sensor:s", headers)
