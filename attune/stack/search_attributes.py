"""The search attributes by which people find runs in Temporal."""

from collections.abc import Mapping
from typing import Final

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
)
from temporalio.service import RPCError

from attune.domain.errors import Unavailable
from attune.messages.names import (
    ACTION_ATTRIBUTE,
    EXECUTION_ATTRIBUTE,
    PACK_ATTRIBUTE,
    TRACE_ATTRIBUTE,
)
from attune.temporal.client import TemporalAddress, connect

SEARCH_ATTRIBUTES: Final[Mapping[str, str]] = {
    EXECUTION_ATTRIBUTE: "KeywordList",
    ACTION_ATTRIBUTE: "KeywordList",
    PACK_ATTRIBUTE: "KeywordList",
    TRACE_ATTRIBUTE: "Keyword",
}
"""Each with its type, as the `temporal` program spells it."""

_TYPES = {
    "Keyword": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "KeywordList": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
}


async def register_search_attributes(where: TemporalAddress) -> None:
    """Make those known that are not yet; a start with an unknown one is refused."""
    try:
        client = await connect(where)
        service = client.operator_service
        listed = await service.list_search_attributes(
            ListSearchAttributesRequest(namespace=where.namespace)
        )
        missing = {
            name: _TYPES[kind]
            for name, kind in SEARCH_ATTRIBUTES.items()
            if name not in listed.custom_attributes
        }
        if missing:
            await service.add_search_attributes(
                AddSearchAttributesRequest(
                    namespace=where.namespace, search_attributes=missing
                )
            )
    except (RPCError, RuntimeError) as error:
        problem = f"Temporal at {where.address} does not take search attributes"
        raise Unavailable(f"{problem}: {error}") from error
