"""What a stack writes about itself, and what it clears away after a crash."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from attune.stack.record import (
    PartRecord,
    ProcessRecord,
    StackRecord,
    end_leftovers,
    read_record,
)


def record_of(process: ProcessRecord | None) -> StackRecord:
    return StackRecord(
        state="ready",
        directory="/srv",
        api_url="http://127.0.0.1:8080",
        docs_url="http://127.0.0.1:8080/docs",
        temporal_address="127.0.0.1:7233",
        temporal_ui_url="http://127.0.0.1:8233",
        database_url="postgresql:///attune",
        admin_login="admin",
        admin_password_file="/srv/admin_password",
        supervisor=ProcessRecord.of(os.getpid()),
        parts={"api": PartRecord("ready", "/srv/logs/api.log", 0, process)},
    )


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["sleep", "60"])  # noqa: S607 - any process
    yield process
    process.kill()
    process.wait()


def test_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    record = record_of(ProcessRecord.of(os.getpid()))

    record.write(tmp_path / "stack.json")

    assert read_record(tmp_path / "stack.json") == record


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"version": 99}', '{"version": 1}']
)
def test_unreadable_record_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "stack.json").write_text(content)

    assert read_record(tmp_path / "stack.json") is None


def test_leftover_of_a_dead_supervisor_is_ended(
    sleeper: subprocess.Popen[bytes],
) -> None:
    leftover = ProcessRecord.of(sleeper.pid)
    assert leftover

    end_leftovers(record_of(leftover))

    assert leftover.process() is None


def test_process_that_only_has_the_same_id_is_left_alone(
    sleeper: subprocess.Popen[bytes],
) -> None:
    end_leftovers(record_of(ProcessRecord(sleeper.pid, started_at=1.0)))

    assert sleeper.poll() is None
