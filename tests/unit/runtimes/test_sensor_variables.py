"""The environment of a sensor, as the published SDK reads it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from attune.runtimes.launch import RuntimeLaunch
from attune.runtimes.sensor_launch import SensorLaunch, SensorToken
from attune.runtimes.sensor_variables import (
    SensorPlaces,
    notifier_url,
    sensor_variables,
    token_state,
)

TOKEN = SensorToken(
    token="the.token",
    expires_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    renew_in_seconds=60,
)
PLACES = SensorPlaces(
    api_url="http://api:8080",
    notifier_ws_url="ws://api:8080/ws",
    allow_insecure_notifier_ws=False,
    artifacts_dir=Path("/srv/artifacts"),
    runtime_envs_dir=Path("/srv/envs"),
    grace_seconds=5,
)


def launch(**fields: Any) -> SensorLaunch:
    return SensorLaunch.model_validate(
        {
            "sensor_id": 3,
            "sensor_ref": "watch.disk",
            "generation": 7,
            "pack_ref": "watch",
            "entrypoint": "disk.py",
            "runtime": RuntimeLaunch(ref="core.python", name="Python"),
            "trigger_refs": ["watch.full", "watch.gone"],
            "token": TOKEN,
            **fields,
        }
    )


def test_the_environment_is_that_of_the_contract() -> None:
    rule = {"id": 9, "ref": "watch.rule", "config": {"path": "/"}}

    variables = sensor_variables(
        launch(rules=[rule], config={"Host Name": "here", "depth": 3, "none": None}),
        PLACES,
        Path("/run/token.json"),
    )

    assert variables == {
        "ATTUNE_API_URL": "http://api:8080",
        "ATTUNE_API_TOKEN": "the.token",
        "ATTUNE_API_TOKEN_EXPIRES_AT": "2026-01-02T03:04:05+00:00",
        "ATTUNE_SENSOR_TOKEN_STATE_PATH": "/run/token.json",
        "ATTUNE_SENSOR_TOKEN_RECONNECT_WINDOW_SECONDS": "30",
        "ATTUNE_SENSOR_ID": "3",
        "ATTUNE_SENSOR_REF": "watch.disk",
        "ATTUNE_PACK_REF": "watch",
        "ATTUNE_SENSOR_TRIGGERS": json.dumps([rule]),
        "ATTUNE_SENSOR_TRIGGER_TYPES": '["watch.full", "watch.gone"]',
        "ATTUNE_NOTIFIER_WS_URL": "ws://api:8080/ws",
        "ATTUNE_ARTIFACTS_DIR": "/srv/artifacts",
        "ATTUNE_RUNTIME_ENVS_DIR": "/srv/envs",
        "ATTUNE_LOG_LEVEL": "info",
        "ATTUNE_LOG_FORMAT": "json",
        "ATTUNE_SENSOR_CONFIG_HOST_NAME": "here",
        "ATTUNE_SENSOR_CONFIG_DEPTH": "3",
    }


def test_more_rules_than_a_variable_holds_come_over_the_socket() -> None:
    rules = [{"id": number, "config": {"x": "y" * 1000}} for number in range(500)]

    variables = sensor_variables(launch(rules=rules), PLACES, Path("/run/token"))

    kept = json.loads(variables["ATTUNE_SENSOR_TRIGGERS"])
    assert kept == rules[: len(kept)]
    assert 90 < len(kept) < 100


def test_the_token_is_no_part_of_a_text() -> None:
    assert "the.token" not in repr(launch())


def test_the_state_of_the_token_is_a_document() -> None:
    assert json.loads(token_state(TOKEN)) == {
        "token": "the.token",
        "expires_at": "2026-01-02T03:04:05+00:00",
    }


@pytest.mark.parametrize(
    ("api", "notifier"),
    [
        ("http://127.0.0.1:8080", "ws://127.0.0.1:8080/ws"),
        ("https://attune.example/", "wss://attune.example/ws"),
        ("https://example.org/attune", "wss://example.org/attune/ws"),
    ],
)
def test_the_socket_is_beside_the_api(api: str, notifier: str) -> None:
    assert notifier_url(api) == notifier
