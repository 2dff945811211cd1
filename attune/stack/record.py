"""What a running stack tells the world: `stack.json`, for the command line and tests."""

import json
import os
import signal
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil

from attune.stack.directory import write_private

VERSION = 1
STALE_SECONDS = 5.0


@dataclass(frozen=True)
class ProcessRecord:
    """One process, told apart from a later one with the same id by its start."""

    pid: int
    started_at: float

    @classmethod
    def of(cls, pid: int | None) -> "ProcessRecord | None":
        """Describe a process, if it exists."""
        try:
            return cls(pid, psutil.Process(pid).create_time()) if pid else None
        except psutil.Error:
            return None

    def process(self) -> psutil.Process | None:
        """Return the process, if it is still the one that was described."""
        try:
            process = psutil.Process(self.pid)
            # The kernel counts in ticks since boot; the conversion is not exact.
            same = abs(process.create_time() - self.started_at) < 1
        except psutil.Error:
            return None
        return process if same else None


@dataclass(frozen=True)
class PartRecord:
    """One part as it is now."""

    state: str
    log: str
    restart_count: int
    process: ProcessRecord | None


@dataclass(frozen=True)
class StackRecord:
    """The whole stack: where everything is."""

    state: str
    directory: str
    api_url: str
    docs_url: str
    temporal_address: str
    temporal_ui_url: str
    database_url: str
    admin_login: str
    admin_password_file: str
    supervisor: ProcessRecord | None
    parts: dict[str, PartRecord] = field(default_factory=dict)
    version: int = VERSION

    def write(self, path: Path) -> None:
        """Replace the file at once; readers never see half of it."""
        write_private(path, json.dumps(asdict(self), indent=2) + "\n")


def read_record(path: Path) -> StackRecord | None:
    """Return what the stack wrote last; None when there is nothing readable."""
    try:
        content = json.loads(path.read_text("utf-8"))
        return _record(content) if content.get("version") == VERSION else None
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def end_leftovers(record: StackRecord) -> None:
    """End processes of a stack whose supervisor is gone; call it with the lock held."""
    left = [
        process
        for part in record.parts.values()
        if part.process and (process := part.process.process())
    ]
    for process in left:
        _signal(process, signal.SIGTERM)
    for process in psutil.wait_procs(left, timeout=STALE_SECONDS)[1]:
        _signal(process, signal.SIGKILL)


def _signal(process: psutil.Process, number: int) -> None:
    if process.pid != os.getpid():
        try:
            process.send_signal(number)
        except psutil.Error:
            return


def _record(content: dict[str, Any]) -> StackRecord:
    parts = {
        name: PartRecord(**{**part, "process": _process(part["process"])})
        for name, part in content.pop("parts").items()
    }
    supervisor = _process(content.pop("supervisor"))
    return StackRecord(**content, supervisor=supervisor, parts=parts)


def _process(content: dict[str, Any] | None) -> ProcessRecord | None:
    return ProcessRecord(**content) if content else None
