"""The workflows of the reference, run as they stand there."""

from typing import Any

import pytest

from tests.support.api import Person
from tests.support.documents import ROOT, blocks, named_file
from tests.support.packs import pack_archive

ASKING = "Deploy with approval"
RESTING = "Stop at once"
LAST_WORDS = {
    "Fetch with a fallback": "got nobody there",
    "Build for two systems and publish once": "building for linux, building for macos",
    "Sort by size": "small",
    "Announce, if asked to": "announced: false",
    "Greet everybody": "greeted 3",
    "Check, then deploy": "covered: 97 %",
    "Wait for the third knock": "opened after 3",
    "Ask a service that wants to know who we are": "nobody there",
}
"""What the last task of some of them writes."""


def files() -> dict[str, str]:
    """Return a pack of all that is shown."""
    shown = {
        f"workflows/{named_file(block) or f'example{number}.yaml'}": block.text
        for number, block in enumerate(blocks(ROOT / "docs" / "workflows.md"))
        if block.language == "yaml"
    }
    return {"pack.yaml": "ref: demo\nversion: 1.0.0\n", **shown}


@pytest.fixture
async def workflows(person: Person) -> dict[str, str]:
    """The refs of the workflows that are shown, by their labels."""
    await person.worker_is_there("Native")
    archive = ("demo.tar.gz", pack_archive(files()), "application/gzip")
    answer = await person.http.post("/api/v1/packs/upload", files={"pack": archive})
    assert answer.status_code == 201, answer.text
    assert answer.json()["data"]["warnings"] == []
    listed = await person.get("/api/v1/packs/demo/workflows", page_size=100)
    return {each["label"]: each["ref"] for each in listed["items"]}


async def test_every_example_does_what_is_said(
    person: Person, workflows: dict[str, str]
) -> None:
    started = {
        label: await person.execute(ref) for label, ref in sorted(workflows.items())
    }

    for label in (ASKING, RESTING):
        # They wait for what does not come, until they are told to stop.
        execution_id = started.pop(label)
        await person.reaches(execution_id, "running")
        await person.post(f"/api/v1/executions/{execution_id}/cancel")
        assert (await person.ends(execution_id))["status"] == "cancelled"
    ended = {label: await person.ends(each) for label, each in started.items()}

    results = {label: each["result"] for label, each in ended.items()}
    assert {each["status"] for each in ended.values()} == {"completed"}, results
    assert results["Greet twice"]["said"] == "HELLO WORLD!"
    assert results["Hand on what a program said"]["image"] == "app:7"
    for label, words in LAST_WORDS.items():
        assert words in await said(person, started[label]), label


async def said(person: Person, execution_id: int) -> str:
    """Return what the newest task of a workflow wrote."""
    listed = await person.get("/api/v1/executions", parent=execution_id)
    newest: dict[str, Any] = await person.execution(listed["items"][0]["id"])
    return str(newest["result"].get("stdout"))
