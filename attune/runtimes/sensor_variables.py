"""The environment variables of a sensor's process (contract, h)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from attune.domain.json import JsonObject
from attune.runtimes.parameters import to_text
from attune.runtimes.sensor_launch import SensorLaunch, SensorToken
from attune.runtimes.variables import variable_name

LARGEST_LIST: Final = 100_000
"""The kernel takes 128 KiB in one variable; the other rules come over `/ws`."""
RECONNECT_WINDOW_SECONDS: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorPlaces:
    """Where the sensors of this worker find the platform, and how they are held."""

    api_url: str
    notifier_ws_url: str
    allow_insecure_notifier_ws: bool
    artifacts_dir: Path
    runtime_envs_dir: Path
    grace_seconds: float
    log_level: str = "info"


def notifier_url(api_url: str) -> str:
    """Return where the API at this URL has its socket."""
    parts = urlsplit(api_url.rstrip("/"))
    scheme = "wss" if parts.scheme == "https" else "ws"
    return parts._replace(scheme=scheme, path=f"{parts.path}/ws").geturl()


def sensor_variables(
    launch: SensorLaunch, places: SensorPlaces, state_path: Path
) -> dict[str, str]:
    """Return the ATTUNE_ variables of one start."""
    triggers = json.dumps(launch.trigger_refs)
    variables = {
        "ATTUNE_API_URL": places.api_url,
        "ATTUNE_API_TOKEN": launch.token.token,
        "ATTUNE_API_TOKEN_EXPIRES_AT": launch.token.expires_at.isoformat(),
        "ATTUNE_SENSOR_TOKEN_STATE_PATH": str(state_path),
        "ATTUNE_SENSOR_TOKEN_RECONNECT_WINDOW_SECONDS": str(RECONNECT_WINDOW_SECONDS),
        "ATTUNE_SENSOR_ID": str(launch.sensor_id),
        "ATTUNE_SENSOR_REF": launch.sensor_ref,
        "ATTUNE_PACK_REF": launch.pack_ref,
        "ATTUNE_SENSOR_TRIGGERS": _rules(launch.rules),
        "ATTUNE_SENSOR_TRIGGER_TYPES": triggers,
        "ATTUNE_NOTIFIER_WS_URL": places.notifier_ws_url,
        "ATTUNE_ARTIFACTS_DIR": str(places.artifacts_dir),
        "ATTUNE_RUNTIME_ENVS_DIR": str(places.runtime_envs_dir),
        "ATTUNE_LOG_LEVEL": places.log_level,
        "ATTUNE_LOG_FORMAT": "json",
    }
    if places.allow_insecure_notifier_ws:
        variables["ATTUNE_ALLOW_INSECURE_NOTIFIER_WS"] = "true"
    return {**_config(launch.config), **variables}


def token_state(token: SensorToken) -> str:
    """Return what the file of contract h says of a token."""
    state = {"token": token.token, "expires_at": token.expires_at.isoformat()}
    return json.dumps(state)


def _config(config: JsonObject) -> dict[str, str]:
    return {
        f"ATTUNE_SENSOR_CONFIG_{variable_name(key)}": to_text(value)
        for key, value in config.items()
        if value is not None
    }


def _rules(rules: Sequence[JsonObject]) -> str:
    """Return as many rules as a variable holds."""
    kept: list[str] = []
    size = 2
    for rule in rules:
        text = json.dumps(rule)
        size += len(text) + 2
        if size > LARGEST_LIST:
            break
        kept.append(text)
    return f"[{', '.join(kept)}]"
