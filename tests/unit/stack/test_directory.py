"""The directory of a stack: who may read it, and that it has one owner at a time."""

import os
import stat
from pathlib import Path

import pytest

from attune.domain.errors import Conflict
from attune.stack.directory import StackDirectory, default_directory


@pytest.fixture
def directory(tmp_path: Path) -> StackDirectory:
    directory = StackDirectory(tmp_path / "stack")
    directory.prepare()
    return directory


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_secrets_are_made_once_and_readable_by_their_owner_only(
    directory: StackDirectory,
) -> None:
    first = directory.key("jwt_secret"), directory.administrator_password()

    assert (directory.key("jwt_secret"), directory.administrator_password()) == first
    assert len(first[0]) >= 32
    assert mode(directory.root / "keys" / "jwt_secret") == 0o600
    assert mode(directory.password_file) == 0o600


def test_keys_of_before_are_read_from_a_file(directory: StackDirectory) -> None:
    assert directory.previous_encryption_keys() == []

    (directory.root / "keys" / "previous_encryption_keys").write_text("one\ntwo\n")

    assert directory.previous_encryption_keys() == ["one", "two"]


def test_two_stacks_cannot_share_a_directory(directory: StackDirectory) -> None:
    directory.lock()

    with pytest.raises(Conflict, match="another `attune up` runs in"):
        StackDirectory(directory.root).lock()

    directory.unlock()
    assert not directory.is_locked()


def test_lock_is_not_inherited_by_children(directory: StackDirectory) -> None:
    directory.lock()

    assert directory._lock is not None
    assert not os.get_inheritable(directory._lock)
    directory.unlock()


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"ATTUNE_HOME": "/srv/attune"}, "/srv/attune"),
        ({"XDG_STATE_HOME": "/state"}, "/state/attune"),
        ({"XDG_STATE_HOME": "relative"}, "~/.local/state/attune"),
        ({}, "~/.local/state/attune"),
    ],
)
def test_default_directory_follows_the_environment(
    environment: dict[str, str],
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)

    assert default_directory(environment) == Path(expected).expanduser()


def test_in_a_checkout_its_own_stack_is_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack, below = tmp_path / ".attune", tmp_path / "docs"
    stack.mkdir()
    below.mkdir()
    (stack / "stack.json").touch()
    monkeypatch.chdir(below)

    assert default_directory({"XDG_STATE_HOME": "/state"}) == stack
    assert default_directory({"ATTUNE_HOME": "/srv/attune"}) == Path("/srv/attune")


def test_a_stack_of_another_user_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = tmp_path / ".attune"
    stack.mkdir()
    (stack / "stack.json").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.geteuid", lambda: stack.stat().st_uid + 1)

    assert default_directory({"XDG_STATE_HOME": "/state"}) == Path("/state/attune")
