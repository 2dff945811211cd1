"""Rules from `fired` to `work`, with parameters for both."""

from typing import Any

from tests.integration.api.defining import (
    Workshop,
)


def rule_body(shop: Workshop, **fields: Any) -> dict[str, Any]:
    defaults: dict[str, Any] = {
        "action_params": {"text": "hi"},
        "trigger_params": {"every": 5},
    }
    return shop.rule_body(**defaults | fields)


async def make_rule(shop: Workshop, **fields: Any) -> Any:
    return await shop.post("/rules", rule_body(shop, **fields))
