"""The log of a part."""

from pathlib import Path

from attune.stack.log_file import LogFile


def test_full_log_is_rotated_at_the_end_of_a_line(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "api.log", max_bytes=10)

    for text in (b"first line, ", b"still it\n", b"second\n"):
        log.write(text)
    log.close()

    assert (tmp_path / "api.log").read_bytes() == b"second\n"
    assert (tmp_path / "api.log.1").read_bytes() == b"first line, still it\n"


def test_only_some_old_logs_are_kept(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "api.log", max_bytes=1)

    for number in range(9):
        log.write(b"%d\n" % number)
    log.close()

    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"api.log", "api.log.1", "api.log.2", "api.log.3"}


def test_tail_shows_the_last_lines(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "api.log")
    log.write(b"".join(b"line %d\n" % n for n in range(10_000)))

    assert log.tail(2) == "line 9998\nline 9999"
    log.close()
