"""Archives that anybody may have made."""

import gzip
import io
import tarfile
from pathlib import Path
from tarfile import TarInfo

import pytest

from attune.domain.errors import AttuneError, InvalidInput, MalformedInput, TooLarge
from attune.packs.archive import ArchiveLimits, unpack
from tests.support.packs import MANIFEST, WHOLE, archive_of, pack_archive


def unpacked(archive: bytes, into: Path, limits: ArchiveLimits | None = None) -> Path:
    return unpack(io.BytesIO(archive), into / "pack", limits or ArchiveLimits())


@pytest.mark.parametrize("folder", ["", "demo/", "./", "./demo-1.0/"])
def test_a_pack_is_found_at_the_root_or_in_the_only_folder(
    tmp_path: Path, folder: str
) -> None:
    directory = unpacked(pack_archive(WHOLE, folder), tmp_path)

    assert (directory / "pack.yaml").read_text() == WHOLE["pack.yaml"]
    assert (directory / "actions" / "greet.sh").stat().st_mode & 0o777 == 0o755
    assert (directory / "pack.yaml").stat().st_mode & 0o777 == 0o644


def test_special_permissions_are_dropped(tmp_path: Path) -> None:
    entry = TarInfo("pack.yaml")
    entry.mode = 0o6777

    directory = unpacked(archive_of((entry, b"ref: demo")), tmp_path)

    assert (directory / "pack.yaml").stat().st_mode & 0o7777 == 0o755


def link(name: str, target: str, kind: bytes) -> TarInfo:
    entry = TarInfo(name)
    entry.type, entry.linkname = kind, target
    return entry


def device(kind: bytes) -> TarInfo:
    entry = TarInfo("device")
    entry.type = kind
    return entry


OWN = (TarInfo("pack.yaml"), b"ref: demo")

HOSTILE = {
    "absolute path": [(TarInfo("/etc/evil"), b"x")],
    "parent path": [(TarInfo("../evil"), b"x")],
    "parent path inside": [(TarInfo("actions/../../evil"), b"x")],
    "windows path": [(TarInfo("..\\evil"), b"x")],
    "line break in a name": [(TarInfo("a\nb"), b"x")],
    "text direction in a name": [(TarInfo("a\u202eb"), b"x")],
    "symbolic link": [(link("lib", "/etc", tarfile.SYMTYPE), b"")],
    "file through a link": [
        (link("lib", "/tmp", tarfile.SYMTYPE), b""),  # noqa: S108 - never written
        (TarInfo("lib/evil"), b"x"),
    ],
    "hard link": [(link("passwd", "/etc/passwd", tarfile.LNKTYPE), b"")],
    "character device": [(device(tarfile.CHRTYPE), b"")],
    "block device": [(device(tarfile.BLKTYPE), b"")],
    "pipe": [(device(tarfile.FIFOTYPE), b"")],
    "file twice": [(TarInfo("a"), b"1"), (TarInfo("a"), b"2")],
    "manifest twice": [OWN],
    "case twins": [(TarInfo("a/b"), b"1"), (TarInfo("A/c"), b"2")],
    "composed twins": [(TarInfo("\u00e9"), b"1"), (TarInfo("e\u0301"), b"2")],
    "file that is a directory": [(TarInfo("a"), b"1"), (TarInfo("a/b"), b"2")],
    "too long a name": [(TarInfo("n" * 300), b"x")],
    "too deep a path": [(TarInfo("/".join("d" * 40)), b"x")],
}


@pytest.mark.parametrize("entries", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_entries_are_refused_and_leave_nothing(
    tmp_path: Path, entries: list[tuple[TarInfo, bytes]]
) -> None:
    with pytest.raises(InvalidInput):
        unpacked(archive_of(OWN, *entries), tmp_path)

    assert list(tmp_path.iterdir()) == []


LIMITS = ArchiveLimits(total_bytes=10_000, file_bytes=6_000, entries=20)
LARGE = {
    "large file": {"large": b"x" * 6_001},
    "large whole": {"a": b"x" * 5_000, "b": b"x" * 5_000},
    "many files": {f"f{number}": b"" for number in range(30)},
    "compression bomb": {"zeros": b"\0" * 5_000_000},
}


@pytest.mark.parametrize("files", LARGE.values(), ids=LARGE.keys())
def test_too_much_is_refused_and_leaves_nothing(
    tmp_path: Path, files: dict[str, bytes]
) -> None:
    with pytest.raises(TooLarge):
        unpacked(pack_archive({**MANIFEST, **files}), tmp_path, LIMITS)

    assert list(tmp_path.iterdir()) == []


def with_long_name(size: int) -> bytes:
    """Return an archive whose first entry has a name of so many bytes."""
    name = TarInfo("././@LongLink")
    name.type = tarfile.GNUTYPE_LONGNAME
    name.size = size
    header = name.tobuf(tarfile.GNU_FORMAT)
    return gzip.compress(header + b"n" * size + b"\0" * 10_240, 1)


BROKEN = {
    "nothing": b"",
    "no gzip": b"PK\x03\x04",
    "gzip of no tar": gzip.compress(b"hello" * 1000),
    "cut short": pack_archive({**MANIFEST, "data": bytes(range(256)) * 500})[:-500],
    "huge name": with_long_name(50_000_000),
    "negative size": gzip.compress(b"a" * 124 + b"\xff" * 12 + b"0" * 376, 1),
}


@pytest.mark.parametrize("archive", BROKEN.values(), ids=BROKEN.keys())
def test_what_is_no_archive_is_refused(tmp_path: Path, archive: bytes) -> None:
    with pytest.raises(AttuneError):
        unpacked(archive, tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_a_tar_that_ends_early_is_malformed(tmp_path: Path) -> None:
    whole = gzip.decompress(pack_archive({**MANIFEST, "data": b"x" * 20_000}))

    with pytest.raises(MalformedInput):
        unpacked(gzip.compress(whole[:5_000]), tmp_path)


def test_an_archive_without_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"pack\.yaml"):
        unpacked(pack_archive({"a/x": "1", "b/pack.yaml": "ref: b"}), tmp_path)
