"""Changes of workflows reach their actions, and their runs from then on."""

import asyncio
from typing import Any

from tests.integration.api.defining import (
    Workshop,
    statuses,
)
from tests.integration.api.workflow.definitions import (
    problems_in,
    tasks,
)

SHARED = ("label", "description", "param_schema", "out_schema", "tags")


class TestUpdates:
    async def test_only_what_is_given_changes(self, shop: Workshop) -> None:
        before = await shop.workflow(description="Old", tags=["a"])

        after = await shop.put(
            f"/workflows/{before['ref']}",
            {
                "definition": None,
                "param_schema": None,
                "out_schema": None,
                "label": "New",
                "version": "2",
                "description": {"op": "clear"},
            },
        )

        changed = {name for name in before if before[name] != after[name]}
        assert changed == {"label", "version", "description", "updated"}
        action = await shop.get(f"/actions/{before['ref']}")
        assert (action["label"], action["description"]) == ("New", None)

    async def test_the_action_takes_what_its_workflow_takes(
        self, shop: Workshop
    ) -> None:
        ref = (await shop.workflow())["ref"]
        schema = {"n": {"type": "integer"}}

        await shop.put(f"/workflows/{ref}", {"param_schema": schema, "enabled": False})

        action = await shop.get(f"/actions/{ref}")
        assert action["param_schema"] == schema
        assert action["enabled"] is False

    async def test_what_is_changed_of_the_action_is_changed_of_the_workflow(
        self, shop: Workshop
    ) -> None:
        ref = (await shop.workflow())["ref"]
        changes = {
            "label": "New",
            "description": "New",
            "tags": ["new"],
            "param_schema": {"n": {"type": "integer"}},
            "out_schema": {"m": {"type": "integer"}},
            "runtime_ref": "core.builtin",
            "timeout_seconds": 5,
        }

        action = await shop.put(f"/actions/{ref}", changes)

        workflow = await shop.get(f"/workflows/{ref}")
        assert changes.items() <= action.items()
        assert {n: workflow[n] for n in SHARED} == {n: changes[n] for n in SHARED}

    async def test_a_schema_is_checked_with_the_workflow_whichever_way_it_comes(
        self, shop: Workshop
    ) -> None:
        ref = (await shop.workflow(**_adding()))["ref"]
        broken = {"param_schema": {"n": {"type": "numberish"}}}

        refused = [
            await shop.send("PUT", f"/{kind}/{ref}", broken)
            for kind in ("workflows", "actions")
        ]
        lacking = await shop.put(f"/workflows/{ref}", {"param_schema": {"m": {}}})

        for answer in refused:
            assert "param_schema.n.type" in problems_in(answer)[0]
        assert lacking["warnings"] == [
            "tasks[0].input.n: the workflow has no parameter 'n'"
        ]

    async def test_an_action_stays_the_workflow_that_it_is(
        self, shop: Workshop
    ) -> None:
        flow = (await shop.workflow())["ref"]

        code = await shop.send(
            "PUT", f"/actions/{flow}", {"runtime_ref": shop.runtime.ref}
        )
        engine = await shop.send(
            "PUT", f"/actions/{shop.pack.ref}.work", {"runtime_ref": "core.builtin"}
        )
        new = await shop.send(
            "POST", "/actions", shop.action_body("new", runtime_ref="core.builtin")
        )

        assert statuses([code, engine, new]) == {422: 3}
        assert "POST /api/v1/workflows" in new.json()["error"]

    async def test_parallel_changes_of_both_lose_nothing(self, shop: Workshop) -> None:
        ref = (await shop.workflow())["ref"]
        changes: list[tuple[str, dict[str, Any]]] = [
            ("workflows", {"version": "2"}),
            ("actions", {"label": "New"}),
            ("workflows", {"description": "New"}),
            ("actions", {"tags": ["new"]}),
        ]

        answers = await asyncio.gather(
            *(shop.send("PUT", f"/{kind}/{ref}", body) for kind, body in changes * 8)
        )

        assert statuses(answers) == {200: 32}
        after = await shop.get(f"/workflows/{ref}")
        for _, change in changes:
            assert change.items() <= after.items()


def _adding() -> dict[str, Any]:
    """Return a workflow that hands on its parameter."""
    task = {"name": "a", "action": "work", "input": {"n": "{{ parameters.n }}"}}
    return {"definition": tasks(task), "param_schema": {"n": {"type": "integer"}}}
