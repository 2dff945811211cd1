"""The files of a pack as one thing."""

import io
from pathlib import Path

import pytest

from attune.domain.errors import InvalidInput
from attune.packs.bundle import (
    content_hash,
    copy_files,
    list_files,
    unpack_bundle,
    write_bundle,
)
from tests.support.packs import WHOLE, write_pack


def bundle_of(directory: Path) -> bytes:
    written = io.BytesIO()
    write_bundle(directory, written)
    return written.getvalue()


def test_the_same_files_are_the_same_bundle(tmp_path: Path) -> None:
    one = write_pack(tmp_path / "one", WHOLE)
    two = write_pack(tmp_path / "two", dict(reversed(WHOLE.items())))
    (one / "pack.yaml").touch()

    assert bundle_of(one) == bundle_of(two)
    assert content_hash(one) == content_hash(two)


@pytest.mark.parametrize("change", ["content", "name", "mode"])
def test_every_change_of_a_file_changes_the_hash(tmp_path: Path, change: str) -> None:
    pack = write_pack(tmp_path / "pack", WHOLE)
    before = content_hash(pack)
    script = pack / "actions" / "greet.sh"

    match change:
        case "content":
            script.write_text("echo bye")
        case "name":
            script.rename(script.with_name("meet.sh"))
        case _:
            script.chmod(0o644)

    assert content_hash(pack) != before


def test_a_bundle_becomes_the_same_directory_once(tmp_path: Path) -> None:
    pack = write_pack(tmp_path / "pack", WHOLE)
    target = tmp_path / "worker" / "demo" / content_hash(pack)

    for _ in range(2):
        unpack_bundle(io.BytesIO(bundle_of(pack)), target, content_hash(pack))

    assert content_hash(target) == content_hash(pack)
    assert [each.name for each in target.parent.iterdir()] == [target.name]


def test_a_bundle_of_other_files_than_named_is_refused(tmp_path: Path) -> None:
    pack = write_pack(tmp_path / "pack", WHOLE)

    with pytest.raises(InvalidInput):
        unpack_bundle(io.BytesIO(bundle_of(pack)), tmp_path / "target", "0" * 64)

    assert not (tmp_path / "target").exists()


def test_what_lies_beside_sources_is_left_out(tmp_path: Path) -> None:
    pack = write_pack(
        tmp_path / "pack",
        {**WHOLE, ".git/config": "x", "lib/__pycache__/a.pyc": "x", ".venv/b": "x"},
    )

    copy_files(pack, tmp_path / "copy")

    assert {str(file.path) for file in list_files(tmp_path / "copy")} == set(WHOLE)


def test_a_link_in_a_directory_is_refused(tmp_path: Path) -> None:
    pack = write_pack(tmp_path / "pack", WHOLE)
    (pack / "lib").symlink_to("/etc")

    with pytest.raises(InvalidInput, match="lib"):
        list_files(pack)
