import io
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from attune.cli.main import command
from attune.cli.session import Wiring
from tests.unit.cli.fake_api import FakeApi


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


Attune = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the person's own configuration, tokens and stack out of the tests."""
    for name in list(os.environ):
        if name.startswith("ATTUNE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("ATTUNE_HOME", str(tmp_path / "stack"))
    return tmp_path


@pytest.fixture
def config_path(home: Path) -> Path:
    return home / "config" / "attune" / "config.yaml"


@pytest.fixture
def api() -> FakeApi:
    return FakeApi()


@pytest.fixture
def attune(
    api: FakeApi, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Attune:
    """Run a command line against the fake server."""

    def run(*arguments: str, stdin: str = "") -> Outcome:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        wiring: Any = Wiring(api.transport)
        code = 0
        try:
            command().main(list(arguments), prog_name="attune", obj=wiring)
        except SystemExit as end:
            code = int(end.code or 0)
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run
