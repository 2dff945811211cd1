"""`attune pack config`: settings are typed, hidden where secret, and laid over."""

from typing import Any

import pytest

from tests.unit.cli.conftest import Attune
from tests.unit.cli.fake_api import FakeApi, data

PATH = "/api/v1/packs/slack/config"
VIEW: dict[str, Any] = {
    "pack_ref": "slack",
    "conf_schema": {
        "channel": {"type": "string"},
        "retries": {"type": "integer"},
        "token": {"type": "string", "secret": True},
    },
    "config": {"channel": "#ada", "retries": 3, "token": "***"},
    "pack_config": {"channel": "#ops", "token": "***"},
    "own_config": {"channel": "#ada"},
}


def test_settings_are_shown_with_where_they_come_from(
    attune: Attune, api: FakeApi
) -> None:
    api.on("GET", PATH, data(**VIEW))

    outcome = attune("pack", "config", "show", "slack")

    assert "#ada" in outcome.out
    assert "#ops" in outcome.out


def test_settings_of_the_pack_are_changed_among_the_others(
    attune: Attune, api: FakeApi
) -> None:
    api.on("GET", PATH, data(**VIEW))
    api.on("PUT", "/api/v1/packs/slack", data(ref="slack"))

    outcome = attune(
        *("pack", "config", "set", "slack", "retries=5"),
        "channel={{ keystore.channel }}",
    )

    assert api.body("PUT", "/api/v1/packs/slack") == {
        "config": {"channel": "{{ keystore.channel }}", "token": "***", "retries": 5}
    }
    assert outcome.out == "settings of slack changed: retries, channel\n"


def test_own_settings_are_sent_alone(attune: Attune, api: FakeApi) -> None:
    api.on("GET", PATH, data(**VIEW))
    api.on("PUT", PATH, data(**VIEW))

    outcome = attune(
        *("pack", "config", "set", "slack", "--secret", "token", "--own"),
        stdin="hunter2-secret\n",
    )

    assert api.body("PUT", PATH) == {"config": {"token": "hunter2-secret"}}
    assert "hunter2" not in outcome.out


@pytest.mark.parametrize(
    ("words", "path", "sent"),
    [
        (["--own"], PATH, {"channel": None}),
        ([], "/api/v1/packs/slack", {"token": "***"}),
    ],
)
def test_settings_are_taken_away(
    attune: Attune, api: FakeApi, words: list[str], path: str, sent: dict[str, Any]
) -> None:
    api.on("GET", PATH, data(**VIEW))
    api.on("PUT", path, data(**VIEW))

    attune("pack", "config", "unset", "slack", "channel", *words)

    assert api.body("PUT", path) == {"config": sent}


def test_own_settings_are_reset(attune: Attune, api: FakeApi) -> None:
    api.on("DELETE", PATH, {"success": True, "message": "done"})

    outcome = attune("pack", "config", "reset", "slack")

    assert outcome.out == "the settings of pack slack count for you\n"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "name a setting"),
        (["retries=many"], "not a whole number"),
        (["chanel=x"], "did you mean 'channel'"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused(
    attune: Attune, api: FakeApi, words: list[str], complaint: str
) -> None:
    api.on("GET", PATH, data(**VIEW))

    outcome = attune("pack", "config", "set", "slack", *words)

    assert outcome.code == 2
    assert complaint in outcome.err
