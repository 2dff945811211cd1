import json
from pathlib import Path

import pytest

from attune.cli.connection import DEFAULT_API_URL, Connection, checked_url, resolve
from attune.cli.errors import CommandError
from attune.cli.profile import ConfigFile


@pytest.fixture
def file() -> ConfigFile:
    document = {
        "profile": "home",
        "profiles": {
            "home": {
                "api_url": "http://home:1",
                "auth_token": "T",
                "refresh_token": "R",
            },
            "work": {"api_url": "https://office/attune/"},
        },
    }
    return ConfigFile(Path("config.yaml"), document)


def _resolve(file: ConfigFile, *options: str | None, **environment: str) -> Connection:
    profile, api_url = (*options, None, None)[:2]
    return resolve(file, profile=profile, api_url=api_url, environment=environment)


def test_without_anything_the_current_profile_is_used(file: ConfigFile) -> None:
    found = _resolve(file)

    assert (found.profile, found.api_url) == ("home", "http://home:1")
    assert found.credentials.access_token == "T"
    assert found.credentials.saved


def test_an_option_wins_over_the_environment_and_both_over_the_file(
    file: ConfigFile,
) -> None:
    by_environment = _resolve(file, ATTUNE_PROFILE="work")
    by_option = _resolve(file, "home", ATTUNE_PROFILE="work")

    assert by_environment.api_url == "https://office/attune"
    assert by_option.api_url == "http://home:1"


def test_an_address_wins_over_the_profile(file: ConfigFile) -> None:
    assert _resolve(file, ATTUNE_API_URL="http://env").api_url == "http://env"
    assert (
        _resolve(file, None, "http://option", ATTUNE_API_URL="http://env").api_url
        == "http://option"
    )


def test_a_login_is_not_sent_to_another_server(file: ConfigFile) -> None:
    found = _resolve(file, None, "http://other")

    assert found.credentials.access_token is None
    assert "http://home:1" in found.note


def test_the_same_address_written_differently_keeps_the_login(file: ConfigFile) -> None:
    found = _resolve(file, None, "http://home:1/")

    assert found.credentials.access_token == "T"


@pytest.mark.parametrize("name", ["ATTUNE_API_TOKEN", "ATTUNE_AUTH_TOKEN"])
def test_a_token_of_the_environment_replaces_the_saved_login(
    file: ConfigFile, name: str
) -> None:
    found = _resolve(file, **{name: " E \n"})

    assert found.credentials.access_token == "E"
    assert found.credentials.refresh_token is None
    assert not found.credentials.saved


def test_a_token_that_no_header_takes_is_refused_without_showing_it(
    file: ConfigFile,
) -> None:
    with pytest.raises(CommandError) as refused:
        _resolve(file, ATTUNE_API_TOKEN="se\ncret")

    assert "se" + "\n" not in refused.value.message
    assert "cret" not in refused.value.message


def test_a_profile_that_is_not_there_is_refused(file: ConfigFile) -> None:
    with pytest.raises(CommandError, match="no profile 'nowhere'"):
        _resolve(file, "nowhere")


def test_a_profile_may_be_new_when_it_is_about_to_be_made(file: ConfigFile) -> None:
    found = resolve(file, profile="new", may_be_new=True, environment={})

    assert (found.profile, found.api_url) == ("new", DEFAULT_API_URL)


def test_without_a_profile_the_local_stack_is_used(tmp_path: Path) -> None:
    (tmp_path / "stack.json").write_text(json.dumps({"api_url": "http://127.0.0.1:9"}))

    found = resolve(
        ConfigFile(Path("none"), {}), environment={"ATTUNE_HOME": str(tmp_path)}
    )

    assert found.api_url == "http://127.0.0.1:9"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"api_url": 1}', '"x"'])
def test_a_broken_record_of_a_stack_is_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "stack.json").write_text(text)

    found = resolve(
        ConfigFile(Path("none"), {}), environment={"ATTUNE_HOME": str(tmp_path)}
    )

    assert found.api_url == DEFAULT_API_URL


@pytest.mark.parametrize(
    "url", ["", "localhost:8080", "ftp://x", "http://", "http://x:port", "http://[1"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(CommandError, match="is no address"):
        checked_url(url)
