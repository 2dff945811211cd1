"""Runtimes, as the published client makes and reads them."""

from tests.sdk.sdk import Sdk, differences

EXECUTION_CONFIG = {
    "interpreter": {"binary": "/bin/bash", "args": ["-e"], "file_extension": ".sh"}
}
DISTRIBUTIONS = {
    "verification": {"commands": [{"binary": "/bin/bash", "args": ["--version"]}]}
}


async def test_a_runtime_is_made_read_changed_and_removed(sdk: Sdk, pack: str) -> None:
    ref = f"{pack}.strict"
    sent = {
        "ref": ref,
        "name": "Strict shell",
        "pack_ref": pack,
        "description": "Stops at the first error",
        "distributions": DISTRIBUTIONS,
        "execution_config": EXECUTION_CONFIG,
        "installation": {"package": "bash"},
    }

    made = await sdk.data("runtimes.create_runtime", body=sent)

    assert differences(made, sent) == {}
    assert await sdk.data("runtimes.get_runtime", ref=ref) == made
    assert ref in await sdk.refs("runtimes.list_runtimes", q=ref)
    assert await sdk.refs("runtimes.list_runtimes_by_pack", pack_ref=pack) == [ref]
    changed = await sdk.data(
        "runtimes.update_runtime",
        ref=ref,
        body={
            "name": "Stricter",
            "distributions": None,
            "execution_config": None,
            "description": {"op": "clear"},
            "installation": {"op": "set", "value": {"package": "dash"}},
        },
    )
    changes = {
        "name": "Stricter",
        "description": None,
        "installation": {"package": "dash"},
    }
    assert differences(changed, {**sent, **changes}) == {}
    assert (await sdk.parsed("runtimes.delete_runtime", ref=ref))["success"] is True
    await sdk.refused("runtimes.get_runtime", 404, ref=ref)


async def test_a_runtime_may_say_nothing_of_itself(sdk: Sdk, pack: str) -> None:
    sent = {"ref": f"{pack}.bare", "name": "Bare"}

    made = await sdk.data("runtimes.create_runtime", body=sent)

    assert differences(made, {**sent, "distributions": {}}) == {}


async def test_the_core_runtimes_are_there(sdk: Sdk) -> None:
    refs = await sdk.refs("runtimes.list_runtimes_by_pack", pack_ref="core")

    assert {"core.shell", "core.python", "core.nodejs", "core.native"} <= set(refs)
