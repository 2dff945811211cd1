import json
from pathlib import Path

import pytest
import yaml

from tests.unit.cli.conftest import Attune

URL = "https://attune.example.org"


@pytest.fixture
def work(attune: Attune, config_path: Path) -> None:
    attune("config", "add-profile", "work", "--url", URL, "--description", "for work")
    document = yaml.safe_load(config_path.read_text())
    document["profiles"]["work"]["auth_token"] = "SECRET"
    config_path.write_text(yaml.safe_dump(document))


def test_path_is_printed_for_scripts(attune: Attune, config_path: Path) -> None:
    assert attune("config", "path").out == f"{config_path}\n"


@pytest.mark.usefixtures("work")
def test_a_profile_is_added_shown_used_and_removed(attune: Attune) -> None:
    assert attune("config", "current").out == "default\n"
    assert attune("config", "use", "work").out == "using profile work\n"
    assert attune("config", "current").out == "work\n"
    assert attune("config", "get", "api_url").out == f"{URL}\n"
    (listed,) = json.loads(attune("config", "profiles", "-j").out)
    assert listed["profile"] == "work"
    assert listed["current"] is True
    assert attune("config", "remove-profile", "work", "--yes").code == 0
    assert json.loads(attune("config", "profiles", "-j").out) == []


@pytest.mark.usefixtures("work")
@pytest.mark.parametrize(
    "words",
    [
        ["list"],
        ["show-profile", "work"],
        ["profiles"],
        ["get", "auth_token"],
    ],
)
@pytest.mark.parametrize("option", ["-j", "-y", "--output=table"])
def test_tokens_are_never_shown(attune: Attune, words: list[str], option: str) -> None:
    outcome = attune("-p", "work", "config", *words, option)

    assert outcome.code == 0
    assert "SECRET" not in outcome.out + outcome.err


def test_settings_are_changed_and_kept(attune: Attune, config_path: Path) -> None:
    attune("config", "set", "api_url", URL)
    attune("config", "set", "description", "mine")
    attune("config", "set", "format", "json")

    assert json.loads(attune("config", "get", "api_url").out) == URL
    assert yaml.safe_load(config_path.read_text())["profiles"] == {
        "default": {"api_url": URL, "description": "mine"}
    }


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["get", "colour"], "there is no setting 'colour'"),
        (["set", "format", "xml"], "format is one of table, json, yaml"),
        (["set", "api_url", "nowhere"], "is no address"),
        (["set", "auth_token", "x"], "attune login"),
        (["set", "profile", "none"], "no profile 'none'"),
        (["use", "none"], "no profile 'none'"),
        (["show-profile", "none"], "no profile 'none'"),
        (["remove-profile", "none"], "no profile 'none'"),
        (["add-profile", "new"], "add --url URL"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    attune: Attune, words: list[str], complaint: str
) -> None:
    outcome = attune("config", *words)

    assert outcome.code == 2
    assert complaint in outcome.err


@pytest.mark.usefixtures("work")
def test_a_profile_is_not_replaced_by_adding_it_again(attune: Attune) -> None:
    assert attune("config", "add-profile", "work", "--url", "http://x").code == 2


@pytest.mark.usefixtures("work")
def test_nothing_is_removed_where_nobody_can_be_asked(attune: Attune) -> None:
    outcome = attune("config", "remove-profile", "work")

    assert outcome.code == 2
    assert "--yes" in outcome.err
    assert attune("config", "show-profile", "work").code == 0


def test_a_format_of_the_file_that_is_none_is_said(
    attune: Attune, config_path: Path
) -> None:
    config_path.parent.mkdir(parents=True)
    config_path.write_text("format: xml\n")

    outcome = attune("config", "profiles")

    assert outcome.code == 2
    assert "it must be one of table, json, yaml" in outcome.err
