"""Artifacts, as the published client makes, fills, reads and removes them."""

from typing import Any

from tests.sdk.sdk import Sdk, differences, upload_of
from tests.support.eventually import eventually


async def test_an_artifact_is_made_read_changed_and_removed(
    sdk: Sdk, pack: str
) -> None:
    sent: dict[str, Any] = {
        "ref": f"{pack}.report",
        "scope": "pack",
        "owner": pack,
        "type": "other",
        "visibility": "public",
        "retention_policy": "days",
        "retention_limit": 3,
        "name": "Report",
        "description": "Of the night.",
        "content_type": "text/plain",
        "data": {"lines": 0},
    }

    made = await sdk.data("artifacts.create_artifact", body=sent)

    assert differences(made, sent) == {}
    assert await sdk.data("artifacts.get_artifact", id=made["id"]) == made
    by_ref = await sdk.data("artifacts.get_artifact_by_ref", ref=made["ref"])
    assert by_ref == made
    by = {"scope": "pack", "owner": pack, "type_": "other", "visibility": "public"}
    assert await sdk.refs("artifacts.list_artifacts", **by) == [made["ref"]]
    assert await sdk.refs("artifacts.list_artifacts", **by, name="no") == []
    changed = await sdk.data(
        "artifacts.update_artifact",
        id=made["id"],
        body={"retention_limit": 9, "name": {"op": "set", "value": "Night"}},
    )
    assert (changed["retention_limit"], changed["name"]) == (9, "Night")
    kept = await sdk.data(
        "artifacts.set_artifact_data", id=made["id"], body={"data": {"lines": 7}}
    )
    assert kept["data"] == {"lines": 7}
    gone = await sdk.parsed("artifacts.delete_artifact", id=made["id"])
    assert gone["success"] is True
    await sdk.refused("artifacts.get_artifact", 404, id=made["id"])


async def test_versions_are_added_in_every_way_and_downloaded(
    sdk: Sdk, pack: str
) -> None:
    ref = f"{pack}.files"
    body = {"file": upload_of(b"first"), "scope": "pack", "owner": pack}

    first = await sdk.data(
        "artifacts.upload_version_by_ref",
        ref=ref,
        body=body | {"content_type": "text/plain", "meta": '{"of": "test"}'},
    )
    artifact = first["artifact"]
    second = await sdk.data(
        "artifacts.upload_version", id=artifact, body={"file": upload_of(b"second")}
    )
    third = await sdk.data(
        "artifacts.create_version_json", id=artifact, body={"content": {"n": 3}}
    )
    fourth = await sdk.data("artifacts.create_version_file", id=artifact, body={})
    fifth = await sdk.data(
        "artifacts.allocate_file_version_by_ref", ref=ref, body={"meta": {"n": 5}}
    )

    numbers = [v["version"] for v in (first, second, third, fourth, fifth)]
    assert numbers == [1, 2, 3, 4, 5]
    assert first["meta"] == {"of": "test"}
    assert fourth["file_path"].startswith(f"{pack}/files/v4.")
    listed = (await sdk.parsed("artifacts.list_versions", id=artifact))["data"]
    assert [v["version"] for v in listed] == [5, 4, 3, 2, 1]
    latest = await sdk.data("artifacts.get_latest_version", id=artifact)
    assert latest["content_json"] == {"n": 3}
    shown = await sdk.data("artifacts.get_version", id=artifact, version=1)
    assert shown["size_bytes"] == 5
    text = await sdk.text("artifacts.download_version", id=artifact, version=2)
    assert text == "second"
    assert await sdk.text("artifacts.download_latest", id=artifact) == '{"n": 3}'
    await sdk.parsed("artifacts.delete_version", id=artifact, version=1)
    await sdk.refused("artifacts.get_version", 404, id=artifact, version=1)


async def test_progress_of_an_execution_is_followed(sdk: Sdk, pack: str) -> None:
    ref = f"{pack}.brief"
    action = {
        "ref": ref,
        "label": "Brief",
        "pack_ref": pack,
        "entrypoint": "true",
        "runtime_ref": "core.shell",
    }
    await sdk.data("actions.create_action", body=action)
    order = {"action_ref": ref, "parameters": {}, "env_vars": {}}
    execution = await sdk.flat("executions.create_execution", body=order)
    number = execution["id"]
    progress = await sdk.data(
        "artifacts.create_artifact",
        body={
            "ref": f"{pack}.steps",
            "scope": "action",
            "owner": ref,
            "type": "progress",
        },
    )

    for percent in (10, 90):
        await sdk.data(
            "artifacts.append_progress",
            id=progress["id"],
            body={"entry": {"percent": percent}},
        )
    version = {"content": {"n": 1}, "execution": number}
    await sdk.data("artifacts.create_version_json", id=progress["id"], body=version)

    async def ended() -> bool:
        shown = await sdk.data("executions.get_execution", id=number)
        return bool(shown["status"] == "completed")

    await eventually(ended)
    of_execution = await sdk.parsed(
        "artifacts.list_artifacts_by_execution", execution_id=number
    )
    assert [a["ref"] for a in of_execution["data"]] == [progress["ref"]]
    text = await sdk.data(
        "artifacts.create_artifact",
        body={"ref": f"{pack}.t", "scope": "pack", "owner": pack, "type": "file_text"},
    )
    await sdk.data(
        "artifacts.create_version_json", id=text["id"], body={"content": {"n": 1}}
    )
    stream = await sdk.text("artifacts.stream_artifact", id=text["id"])
    assert "event: done" in stream
