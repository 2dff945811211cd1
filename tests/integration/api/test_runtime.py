"""Runtimes over HTTP: every field, every refusal, nobody sees what is not theirs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from attune.services.pack.core import ensure_core_pack
from tests.integration.api.defining import (
    Workshop,
    make_private_pack,
    make_workshop,
    refs,
)
from tests.integration.api.people import Api, grant
from tests.integration.api.shapes import assert_shape
from tests.support.builders import make_runtime

SUMMARY = {
    "created": str,
    "description": str | None,
    "id": int,
    "name": str,
    "pack_ref": str | None,
    "ref": str,
    "updated": str,
}
RESPONSE = SUMMARY | {
    "distributions": dict,
    "execution_config": dict,
    "installation": dict,
    "pack": int | None,
}


@pytest.fixture
async def shop(api: Api) -> Workshop:
    return await make_workshop(api)


def body(shop: Workshop, **fields: Any) -> dict[str, Any]:
    return {"ref": f"{shop.pack.ref}.perl", "name": "Perl"} | fields


async def test_a_runtime_is_made_changed_and_removed(shop: Workshop) -> None:
    config = {"interpreter": {"binary": "perl", "file_extension": ".pl"}}
    ref = f"{shop.pack.ref}.perl"

    made = await shop.post("/runtimes", body(shop, execution_config=config))
    changed = await shop.put(
        f"/runtimes/{ref}",
        {
            "name": "Perl 5",
            "description": {"op": "set", "value": "Text"},
            "installation": {"op": "clear"},
            "distributions": None,
            "execution_config": None,
        },
    )
    removed = await shop.send("DELETE", f"/runtimes/{ref}")

    assert_shape(made, RESPONSE)
    assert made["pack_ref"] == shop.pack.ref
    assert made["installation"] == {}
    assert changed["name"] == "Perl 5"
    assert changed["description"] == "Text"
    assert changed["execution_config"] == config
    assert removed.json()["success"] is True
    assert (await shop.send("GET", f"/runtimes/{ref}")).status_code == 404


async def test_runtimes_are_listed_by_ref_by_words_and_by_pack(shop: Workshop) -> None:
    await shop.post("/runtimes", body(shop))

    everything = await shop.get("/runtimes")
    found = await shop.get("/runtimes", q="PER")
    of_pack = await shop.get(f"/packs/{shop.pack.ref}/runtimes")

    assert refs(everything) == sorted(refs(everything))
    assert refs(found) == [f"{shop.pack.ref}.perl"]
    assert set(refs(of_pack)) == {f"{shop.pack.ref}.perl", shop.runtime.ref}
    assert_shape(found["items"][0], SUMMARY)


@pytest.mark.parametrize(
    "wrong",
    [
        {"ref": "noDots"},
        {"ref": "elsewhere.perl", "pack_ref": "other"},
        {"name": ""},
        {"name": "a\u200bb"},
        {"execution_config": {"interpreter": {"binary": 5}}},
        {"execution_config": {"env_vars": {"A": {"operation": "explode"}}}},
        {"distributions": {"verification": {"commands": [{}]}}},
        {"execution_config": "bash"},
    ],
)
async def test_what_cannot_be_meant_is_refused(
    shop: Workshop, wrong: Mapping[str, Any]
) -> None:
    answer = await shop.send("POST", "/runtimes", body(shop, **wrong))

    assert answer.status_code == 422


async def test_a_ref_is_taken_once(shop: Workshop) -> None:
    await shop.post("/runtimes", body(shop))

    answer = await shop.send("POST", "/runtimes", body(shop))

    assert answer.status_code == 409


async def test_a_runtime_of_a_hidden_pack_does_not_exist(shop: Workshop) -> None:
    owner = await shop.api.administrator()
    hidden = await make_private_pack(shop.api, owner)
    async with shop.api.database.transaction() as tx:
        runtime = await make_runtime(tx, hidden)

    for method, path in (
        ("GET", f"/runtimes/{runtime.ref}"),
        ("DELETE", f"/runtimes/{runtime.ref}"),
        ("GET", f"/packs/{hidden.ref}/runtimes"),
    ):
        assert (await shop.send(method, path)).status_code == 404
    assert runtime.ref not in refs(await shop.get("/runtimes"))
    assert (
        await shop.send("GET", f"/runtimes/{runtime.ref}", who=owner)
    ).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "sent"),
    [
        ("GET", "/runtimes", None),
        ("POST", "/runtimes", {"ref": "a1.b", "name": "B"}),
        ("GET", "/runtimes/a1.b", None),
        ("PUT", "/runtimes/a1.b", {"name": "B"}),
        ("DELETE", "/runtimes/a1.b", None),
        ("GET", "/packs/a1/runtimes", None),
    ],
)
async def test_every_route_asks_for_a_grant(
    shop: Workshop, method: str, path: str, sent: Any
) -> None:
    stranger = await shop.api.person([grant("packs", "read")])

    answer = await shop.send(method, path, sent, who=stranger)

    assert answer.status_code == 403


async def test_the_core_runtimes_are_the_platforms_own(
    shop: Workshop, tmp_path: Path
) -> None:
    await ensure_core_pack(shop.api.database, tmp_path)

    changed = await shop.send("PUT", "/runtimes/core.python", {"name": "Mine"})
    removed = await shop.send("DELETE", "/runtimes/core.python")
    shown = await shop.get("/runtimes/core.builtin")

    assert (changed.status_code, removed.status_code) == (409, 409)
    assert shown["execution_config"] == {}
