"""Every operation that the published client has for a subject is called by a test."""

import re
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from attune.stack.stack import Stack

SUBJECTS = (
    *("health", "auth", "packs", "runtimes", "workers", "actions", "triggers"),
    *("webhooks", "rules", "events", "enforcements", "executions", "workflows"),
    *("policies", "inquiries", "secrets", "artifacts", "audit"),
    *("permissions", "sensors"),
)

NOT_SERVED = {
    # Workers have a route of their own, which fences each start.
    "auth.create_sensor_token_internal",
    # An index of packs on the net, and work on directories of the server.
    "packs.list_pack_indices",
    "packs.create_pack_index",
    "packs.update_pack_index",
    "packs.delete_pack_index",
    "packs.browse_indexed_packs",
    "packs.get_indexed_pack",
    "packs.build_pack_envs",
    "packs.download_packs",
    "packs.get_pack_dependencies",
    "packs.register_packs_batch",
    "packs.get_pack_icon",
    # Needs tests of packs.
    "packs.test_pack",
    "packs.get_pack_test",
    "packs.get_pack_test_history",
    "packs.get_pack_latest_test",
    # Needs caches.
    "executions.list_workflow_cache_iterations",
    # Needs queues.
    "executions.reschedule_execution",
}
"""What we have no route for; once one has it, a test here calls it."""

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def published(sdk_python: Path) -> Mapping[str, str]:
    """The source of every operation that the client has for our subjects."""
    package = next(sdk_python.parents[1].glob("lib/*/site-packages/attune"))
    return {
        f"{subject}.{module.stem}": module.read_text()
        for subject in SUBJECTS
        for module in (package / "api_client" / "api" / subject).glob("[!_]*.py")
    }


def test_every_operation_is_called(published: Mapping[str, str]) -> None:
    tests = "".join(
        path.read_text() for path in HERE.glob("*.py") if path != Path(__file__)
    )
    called = set(re.findall(r'"([a-z]+\.[a-z_]+)"', tests))

    assert len(published) > 90
    assert published.keys() - called == NOT_SERVED


async def test_what_is_not_called_has_no_route(
    stack: Stack, published: Mapping[str, str]
) -> None:
    async with httpx.AsyncClient(base_url=stack.api_url, timeout=60) as client:
        document = (await client.get("/api-spec/openapi.json")).json()

    served = {
        (method, _anonymous(path))
        for path, operations in document["paths"].items()
        for method in operations
    }

    assert {name for name in NOT_SERVED if _route(published[name]) in served} == set()


def _route(source: str) -> tuple[str, str]:
    found = re.search(r'"method": "(\w+)",\s*"url": "([^"]+)"', source)
    assert found
    return found[1], _anonymous(found[2])


def _anonymous(path: str) -> str:
    """Return the path without the names of its parameters, on which people differ."""
    return re.sub(r"\{\w+\}", "{}", path)
