"""Which file of a pack is meant, and that it is one of the pack."""

from pathlib import Path

import pytest

from attune.domain.errors import InvalidInput
from attune.runtimes.entry_point import find_entry_point, looks_like_file


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    pack = tmp_path / "pack"
    (pack / "actions" / "deep").mkdir(parents=True)
    (pack / "actions" / "run.py").touch()
    (pack / "actions" / "deep" / "go.sh").touch()
    (pack / "pack.yaml").touch()
    (tmp_path / "outside.py").touch()
    return pack


@pytest.mark.parametrize("name", ["run.py", "actions/run.py", "./run.py"])
def test_file_is_found_with_and_without_the_folder(pack: Path, name: str) -> None:
    assert find_entry_point(pack, name, "actions") == pack / "actions" / "run.py"


def test_file_in_a_subfolder_is_found(pack: Path) -> None:
    found = find_entry_point(pack, "deep/go.sh", "actions")

    assert found == pack / "actions" / "deep" / "go.sh"


@pytest.mark.parametrize(
    "name",
    [
        "missing.py",
        "deep",
        "",
        "../../outside.py",
        "actions/../../outside.py",
        "/bin/true",
        "echo hi",
        "echo a\necho b",
        "run.py\0",
        "x" * 5000,
        "x" * 300,
    ],
)
def test_what_is_no_file_of_the_pack_is_not_found(pack: Path, name: str) -> None:
    assert find_entry_point(pack, name, "actions") is None


def test_link_within_the_pack_is_followed(pack: Path) -> None:
    (pack / "actions" / "alias.py").symlink_to("run.py")

    found = find_entry_point(pack, "alias.py", "actions")

    assert found == pack / "actions" / "alias.py"


@pytest.mark.parametrize("target", ["../../outside.py", "/bin/sh"])
def test_link_out_of_the_pack_is_refused(pack: Path, target: str) -> None:
    (pack / "actions" / "leak.py").symlink_to(target)

    with pytest.raises(InvalidInput, match="leaves the pack"):
        find_entry_point(pack, "leak.py", "actions")


def test_folder_that_is_a_link_out_of_the_pack_is_refused(
    pack: Path, tmp_path: Path
) -> None:
    (pack / "actions" / "sub").symlink_to(tmp_path)

    with pytest.raises(InvalidInput):
        find_entry_point(pack, "sub/outside.py", "actions")


def test_links_in_a_circle_are_no_file(pack: Path) -> None:
    (pack / "actions" / "a").symlink_to("b")
    (pack / "actions" / "b").symlink_to("a")

    assert find_entry_point(pack, "a", "actions") is None


def test_pack_that_itself_is_a_link_has_its_files(pack: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(pack)

    assert find_entry_point(tmp_path / "alias", "run.py", "actions") is not None


@pytest.mark.parametrize(
    ("entrypoint", "extension", "answer"),
    [
        ("deploy.sh", ".sh", True),
        ("deploy.sh", "sh", True),
        ("sub/deploy.sh", ".sh", True),
        ("bash deploy.sh", ".sh", False),
        ("date", ".sh", False),
        ("deploy.sh", None, False),
    ],
)
def test_name_with_the_extension_is_meant_as_a_file(
    entrypoint: str, extension: str | None, *, answer: bool
) -> None:
    assert looks_like_file(entrypoint, extension) is answer
