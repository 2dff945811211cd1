"""What every test here begins with."""

import pytest

from tests.integration.api.defining import Workshop, make_workshop
from tests.integration.api.people import Api


@pytest.fixture
async def shop(api: Api) -> Workshop:
    return await make_workshop(api)


@pytest.fixture
async def path(shop: Workshop) -> str:
    """The path of an open webhook without any check."""
    return await shop.webhook()
