"""What each process of a stack is told: in a file, and no more than it needs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from attune.stack.child import Command
from attune.stack.directory import StackDirectory
from attune.stack.processes import Places, Processes, ignored_variables
from attune.stack.readiness import Pollers
from attune.temporal.client import TemporalAddress

PLACES = Places(
    host="127.0.0.1",
    api_port=8080,
    temporal_address="127.0.0.1:7233",
    temporal_ui_url="http://127.0.0.1:8233",
    database_url="postgresql://attune@/attune?host=/socket",
)


@pytest.fixture
def directory(tmp_path: Path) -> StackDirectory:
    directory = StackDirectory(tmp_path)
    directory.prepare()
    return directory


def processes(directory: StackDirectory, **environment: str) -> Processes:
    pollers = Pollers(TemporalAddress(PLACES.temporal_address))
    return Processes(directory, PLACES, pollers, environment)


def settings_of(command: Command) -> Mapping[str, Any]:
    assert command.environment
    content: Mapping[str, Any] = yaml.safe_load(
        Path(command.environment["ATTUNE_CONFIG"]).read_text()
    )
    return content


def test_keys_are_in_files_and_in_no_environment(directory: StackDirectory) -> None:
    command = processes(directory, PATH="/bin").api().command
    key = directory.key("jwt_secret")

    assert settings_of(command)["security"]["jwt_secret"] == key
    assert command.environment
    assert set(command.environment) == {"PATH", "ATTUNE_CONFIG"}
    assert not any(key in word for word in command.argv)


def test_worker_is_told_no_key_and_no_database(
    directory: StackDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = tmp_path / "base.yaml"
    base.write_text(
        "security: {allow_self_registration: true}\nlogging: {level: debug}"
    )
    monkeypatch.setenv("ATTUNE_CONFIG", str(base))
    environment = {
        "ATTUNE__SECURITY__ALLOW_SELF_REGISTRATION": "true",
        "ATTUNE__DATABASE__POOL_SIZE": "3",
        "ATTUNE__WORKER__MAX_CONCURRENT": "4",
    }

    command = processes(directory, **environment).worker(1).command

    assert set(settings_of(command)) >= {"worker", "temporal", "logging"}
    assert not set(settings_of(command)) & {"database", "security", "server"}
    assert command.environment
    assert set(command.environment) == {
        "ATTUNE__WORKER__MAX_CONCURRENT",
        "ATTUNE_CONFIG",
    }


def test_worker_gets_a_fresh_token_with_each_start(directory: StackDirectory) -> None:
    definition = processes(directory).worker(2)
    file = Path(settings_of(definition.command)["worker"]["token_file"])

    definition.prepare()

    assert file.read_text().count(".") == 2
    assert file.stat().st_mode & 0o777 == 0o600


def test_own_settings_reach_the_processes_unless_the_stack_decides_them(
    directory: StackDirectory,
) -> None:
    environment = {
        "ATTUNE__SECURITY__ALLOW_SELF_REGISTRATION": "true",
        "ATTUNE__DATABASE__URL": "postgresql://elsewhere/db",
    }

    command = processes(directory, **environment).api().command

    assert command.environment
    assert "ATTUNE__SECURITY__ALLOW_SELF_REGISTRATION" in command.environment
    assert "ATTUNE__DATABASE__URL" not in command.environment
    assert ignored_variables(environment) == ["ATTUNE__DATABASE__URL"]


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080"),
        ("0.0.0.0", "http://127.0.0.1:8080"),  # noqa: S104 - nothing is bound
        ("::1", "http://[::1]:8080"),
        ("box.local", "http://box.local:8080"),
    ],
)
def test_address_of_the_api_can_be_opened(host: str, url: str) -> None:
    places = Places(host, 8080, "", "", "")

    assert places.api_url == url
