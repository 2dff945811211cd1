"""Secret parameters over HTTP: masked, unless somebody asks who may decrypt them."""

from typing import Any

import asyncpg
import pytest

from tests.integration.api.defining import Workshop, make_workshop
from tests.integration.api.people import Api, Person, grant

LITERAL, PACKS, SYSTEMS = "canary-literal", "canary-packs", "canary-systems"
MASKED = {"pin": "***", "own": "***", "url": "https://***@host", "seen": "plain"}
REVEALED = {
    "pin": LITERAL,
    "own": PACKS,
    "url": f"https://{SYSTEMS}@host",
    "seen": "plain",
}


@pytest.fixture
async def shop(api: Api) -> Workshop:
    """A workshop with a rule that hands on secrets of every kind, and an event."""
    shop = await make_workshop(api)
    await shop.action(param_schema={"pin": {"type": "string", "secret": True}})
    await shop.trigger()
    pack = {"owner_type": "pack", "owner_pack_ref": shop.pack.ref, "value": PACKS}
    system = {"owner_type": "system", "value": SYSTEMS}
    for owned in (pack, system):
        await shop.post("/keys", {"name": "token", "encrypted": True, **owned})
    await shop.rule(
        action_params={
            "pin": LITERAL,
            "own": "{{ keystore.token }}",
            "url": "https://{{ keystore.system.token }}@host",
            "seen": "{{ event.payload.seen }}",
        }
    )
    await shop.post(
        "/events",
        {"trigger_ref": f"{shop.pack.ref}.fired", "payload": {"seen": "plain"}},
    )
    return shop


async def configs(shop: Workshop, who: Person | None = None, **query: Any) -> list[Any]:
    """Return what the execution and its enforcement show of the parameters."""
    shown = []
    for path in ("/executions", "/enforcements"):
        [item] = (await shop.get(path))["items"]
        answer = await shop.send("GET", f"{path}/{item['id']}", who=who, **query)
        shown.append(answer.json().get("data", {}).get("config", answer.status_code))
    return shown


async def test_secret_values_are_shown_to_who_may_decrypt_and_asks(
    shop: Workshop, sql: asyncpg.Connection
) -> None:
    assert await configs(shop) == [MASKED, MASKED]

    assert await configs(shop, include_secret_values=True) == [REVEALED, REVEALED]

    trail = await sql.fetch(
        "SELECT * FROM attune.audit_event WHERE event_type = 'execution.decrypted'"
    )
    assert {each["actor_login"] for each in trail} == {shop.who.login}
    assert len(trail) == 2
    assert "canary" not in str([dict(each) for each in trail])


async def test_secret_values_of_others_stay_masked(shop: Workshop, api: Api) -> None:
    seeing = [
        grant("executions", "read"),
        grant("enforcements", "read"),
        grant("rules", "read"),
        grant("triggers", "read"),
    ]
    reader = await api.person([*seeing, grant("keys", "read")])
    of_pack = await api.person(
        [*seeing, grant("keys", "read", "decrypt", pack_refs=[shop.pack.ref])]
    )

    assert await configs(shop, reader) == [MASKED, MASKED]
    assert await configs(shop, reader, include_secret_values=True) == [403, 403]
    partly = {**REVEALED, "url": MASKED["url"]}
    shown = await configs(shop, of_pack, include_secret_values=True)
    assert shown == [partly, partly]


async def test_a_reference_that_leads_nowhere_stays_masked(shop: Workshop) -> None:
    await shop.send("DELETE", "/keys/system.token")

    shown = await configs(shop, include_secret_values=True)

    assert shown == [{**REVEALED, "url": MASKED["url"]}] * 2
