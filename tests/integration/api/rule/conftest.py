"""What every test here begins with."""

import pytest

from tests.integration.api.defining import (
    Workshop,
    make_workshop,
)
from tests.integration.api.people import Api


@pytest.fixture
async def shop(api: Api) -> Workshop:
    """A workshop with a trigger `fired` and an action `work`."""
    shop = await make_workshop(api)
    await shop.trigger(param_schema={"every": {"type": "integer", "required": True}})
    await shop.action(
        param_schema={
            "text": {"type": "string", "required": True},
            "count": {"type": "integer", "minimum": 1},
        }
    )
    return shop
