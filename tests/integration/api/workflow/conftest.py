"""What every test here begins with."""

import pytest

from tests.integration.api.defining import (
    Workshop,
    make_workshop,
)
from tests.integration.api.people import Api
from tests.support.builders import make_pack, make_runtime


@pytest.fixture
async def shop(api: Api) -> Workshop:
    async with api.database.transaction() as tx:
        core = await make_pack(tx, ref="core")
        engine = {"ref": "core.builtin", "name": "Builtin", "execution_config": {}}
        await make_runtime(tx, core, **engine)
    made = await make_workshop(api)
    await made.action(param_schema={"n": {"type": "integer"}})
    return made
