import stat
from pathlib import Path

import pytest

from attune.cli.errors import CommandError
from attune.cli.profile import ConfigFile, config_path


def test_the_file_is_where_the_desktop_standard_says(config_path: Path) -> None:
    assert ConfigFile.load().path == config_path


def test_a_relative_directory_in_the_environment_is_ignored() -> None:
    path = config_path({"XDG_CONFIG_HOME": "relative"})

    assert path == Path.home() / ".config" / "attune" / "config.yaml"


def test_a_file_that_is_not_there_is_empty() -> None:
    file = ConfigFile.load()

    assert (file.profiles, file.current, file.output_format) == ({}, "default", "table")


def test_only_the_owner_can_read_the_file(config_path: Path) -> None:
    config_path.parent.mkdir(parents=True)
    config_path.write_text("profile: a\n")
    config_path.chmod(0o644)

    ConfigFile.load().save()

    assert stat.S_IMODE(config_path.stat().st_mode) == 0o600
    assert [each.name for each in config_path.parent.iterdir()] == ["config.yaml"]


def test_keys_of_others_survive(config_path: Path) -> None:
    config_path.parent.mkdir(parents=True)
    config_path.write_text("profiles:\n  a: {api_url: http://a, extra: 1}\nmine: 2\n")

    file = ConfigFile.load()
    file.profiles["b"] = {"api_url": "http://b"}
    file.save()

    text = config_path.read_text()
    assert "extra: 1" in text
    assert "mine: 2" in text


@pytest.mark.parametrize(
    "text", ["[1]", "profiles: [a]", "profiles: {a: 1}", "a: [", "\tx"]
)
def test_a_file_of_another_shape_is_refused_in_one_line(
    config_path: Path, text: str
) -> None:
    config_path.parent.mkdir(parents=True)
    config_path.write_text(text)

    with pytest.raises(CommandError):
        ConfigFile.load()


def test_an_unknown_profile_is_refused_with_the_known_ones() -> None:
    file = ConfigFile.load()
    file.profiles["work"] = {}

    with pytest.raises(CommandError, match="there are: work"):
        file.profile("home")


def test_a_removed_profile_is_not_current_any_more() -> None:
    file = ConfigFile.load()
    file.profiles.update(a={}, b={})
    file.current = "b"

    file.remove("b")

    assert (file.current, list(file.profiles)) == ("a", ["a"])
