import io
import os
import tarfile
from pathlib import Path

import pytest

from attune.cli.errors import CommandError
from attune.cli.pack_archive import pack_archive


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    directory = tmp_path / "demo"
    (directory / "actions").mkdir(parents=True)
    (directory / "pack.yaml").write_text("ref: demo\n")
    (directory / "actions" / "hello.sh").write_text("echo hello\n")
    (directory / "actions" / "hello.sh").chmod(0o755)
    return directory


def _members(source: Path, *exclude: str) -> dict[str, tarfile.TarInfo]:
    with pack_archive(source, exclude) as file, tarfile.open(fileobj=file) as archive:
        return {member.name: member for member in archive.getmembers()}


def test_a_directory_becomes_an_archive_with_the_manifest_at_its_root(
    pack: Path,
) -> None:
    members = _members(pack)

    assert list(members) == ["actions", "actions/hello.sh", "pack.yaml"]
    assert members["actions/hello.sh"].mode & 0o111


def test_what_a_working_copy_holds_besides_is_left_out(pack: Path) -> None:
    for name in (".git", "node_modules", "actions/__pycache__", ".venv", "drafts"):
        (pack / name).mkdir()
        (pack / name / "file").touch()
    (pack / "actions" / "old.pyc").touch()

    members = _members(pack, "drafts")

    assert list(members) == ["actions", "actions/hello.sh", "pack.yaml"]


def test_nobody_learns_who_owns_the_working_copy(pack: Path) -> None:
    member = _members(pack)["pack.yaml"]

    assert (member.uid, member.gid, member.uname, member.gname) == (0, 0, "", "")


def test_a_link_to_a_file_of_the_pack_becomes_that_file(pack: Path) -> None:
    (pack / "actions" / "again.sh").symlink_to("hello.sh")
    os.link(pack / "pack.yaml", pack / "same.yaml")

    members = _members(pack)

    assert members["actions/again.sh"].isreg()
    assert members["actions/again.sh"].size == len("echo hello\n")
    assert members["same.yaml"].isreg()


@pytest.mark.parametrize("target", ["/etc/hosts", "../outside", "actions", "nowhere"])
def test_a_link_out_of_the_pack_is_refused(pack: Path, target: str) -> None:
    (pack.parent / "outside").touch()
    (pack / "link").symlink_to(target)

    with pytest.raises(CommandError, match="link is a link to"):
        _members(pack)


def test_what_is_no_file_is_refused(pack: Path) -> None:
    os.mkfifo(pack / "pipe")

    with pytest.raises(CommandError, match="pipe is neither"):
        _members(pack)


def test_a_directory_without_a_manifest_is_no_pack(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"it has no pack\.yaml"):
        _members(tmp_path)


def test_an_archive_is_sent_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "demo.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("pack.yaml"), io.BytesIO())

    with pack_archive(path) as file:
        assert file.read() == path.read_bytes()


@pytest.mark.parametrize("content", [None, b"hello"])
def test_anything_else_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "thing"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(CommandError), pack_archive(path):
        pass
