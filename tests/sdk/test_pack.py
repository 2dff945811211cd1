"""Packs, as the published client makes, installs and reads them."""

from pathlib import Path
from typing import Any

from tests.e2e.conftest import Names
from tests.sdk.sdk import Sdk, differences, upload_of
from tests.support.packs import WHOLE, pack_archive, write_pack


async def test_a_pack_is_made_read_changed_and_removed(sdk: Sdk, names: Names) -> None:
    ref = names.pack()
    sent = {
        "ref": ref,
        "label": "Slack",
        "version": "1.2.3",
        "description": "Says things",
        "conf_schema": {"room": {"type": "string", "default": "lobby"}},
        "config": {"room": "kitchen"},
        "dependencies": ["core"],
        "runtime_deps": ["shell"],
        "meta": {"author": {"name": "Ada"}},
        "tags": ["chat"],
        "worker_selector": {"zone": "a"},
        "worker_tolerations": [{"key": "gpu", "operator": "exists"}],
        "worker_affinity": {"required": [{"match_labels": {"zone": "a"}}]},
    }

    made = await sdk.data("packs.create_pack", body=sent)
    read = await sdk.data("packs.get_pack", ref=ref)
    listed = await sdk.items("packs.list_packs", q=ref, page=1, page_size=10)

    assert differences(made, sent) == {}
    assert read == made
    assert [each["id"] for each in listed] == [made["id"]]
    unchanged = {"conf_schema": None, "meta": None}
    changes = {"config": {"room": "attic"}, "label": "Slack 2", "tags": ["x", "y"]}
    clearing = {"description": {"op": "clear"}}
    changed = await sdk.data(
        "packs.update_pack", ref=ref, body={**unchanged, **changes, **clearing}
    )
    still = {**sent, **changes, "description": None}
    assert differences(changed, still) == {}
    gone = await sdk.parsed("packs.delete_pack", ref=ref)
    assert gone["success"] is True
    await sdk.refused("packs.get_pack", 404, ref=ref)


async def test_a_pack_is_uploaded(sdk: Sdk, names: Names) -> None:
    ref = names.pack()
    body = {"pack": upload_of(pack_archive(files(ref)))}

    installed = await sdk.data("packs.upload_pack", body=body)

    assert_installed(installed, ref)
    await sdk.refused("packs.upload_pack", 409, body=body)
    again = await sdk.data("packs.upload_pack", body={**body, "force": "true"})
    assert again["pack"]["id"] == installed["pack"]["id"]
    status = await sdk.data("packs.get_pack_install", id=again["install_id"])
    latest = await sdk.data("packs.get_pack_latest_install", ref=ref)
    assert status["pack_ref"] == ref
    assert latest == status


async def test_a_directory_is_registered(
    sdk: Sdk, names: Names, tmp_path: Path
) -> None:
    ref = names.pack()
    directory = write_pack(tmp_path / ref, files(ref))

    installed = await sdk.data("packs.register_pack", body={"path": str(directory)})

    assert_installed(installed, ref)


async def test_an_archive_is_installed(sdk: Sdk, names: Names, tmp_path: Path) -> None:
    ref = names.pack()
    archive = tmp_path / f"{ref}.tar.gz"
    archive.write_bytes(pack_archive(files(ref)))

    installed = await sdk.data("packs.install_pack", body={"source": str(archive)})

    assert_installed(installed, ref)


def files(ref: str) -> dict[str, str]:
    """Return a whole pack of this name."""
    return {
        **WHOLE,
        "pack.yaml": f"ref: {ref}\nlabel: Visitors\nversion: 2.0.1\n",
    }


def assert_installed(installed: dict[str, Any], ref: str) -> None:
    """Compare what is shown of an installation with the files."""
    expected = {
        "ref": ref,
        "label": "Visitors",
        "version": "2.0.1",
        "action_count": 1,
        "trigger_count": 1,
        "rule_count": 1,
    }
    assert differences(installed["pack"], expected) == {}
