"""The environment variables of a process: all that it gets, and from whom."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from attune.domain.runtime import (
    EnvironmentOperation,
    EnvironmentVariable,
    expand_variables,
)
from attune.runtimes.launch import ActionLaunch
from attune.runtimes.parameters import to_text

RESERVED_PREFIX = "ATTUNE_"

_INHERITED = re.compile(r"PATH|LANG|LANGUAGE|LC_[A-Z]+|TZ")
_DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"

# What package installers read to find their index, as operators set it on the worker.
_INSTALLER = re.compile(
    r"(?i:https?_proxy|all_proxy|no_proxy)"
    r"|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|NODE_EXTRA_CA_CERTS"
    r"|PIP_(INDEX_URL|EXTRA_INDEX_URL|FIND_LINKS|NO_INDEX|TRUSTED_HOST|CERT"
    r"|CLIENT_CERT|DEFAULT_TIMEOUT|RETRIES|DISABLE_PIP_VERSION_CHECK)"
    r"|UV_(INDEX|DEFAULT_INDEX|INDEX_URL|EXTRA_INDEX_URL|FIND_LINKS)"
    r"|(?i:npm_config_)(?i:registry|cafile|proxy|https_proxy|noproxy|strict_ssl)"
    r"|GOPROXY|GONOSUMDB|GOFLAGS|GEM_SOURCE|BUNDLE_MIRROR\w*|CARGO_HTTP_\w+"
)


@dataclass(frozen=True, slots=True)
class WorkerPlaces:
    """Where this worker finds the API and keeps what actions may use."""

    api_url: str
    artifacts_dir: Path
    runtime_envs_dir: Path


def inherited_variables(source: Mapping[str, str]) -> dict[str, str]:
    """Pick what user code may know of the worker's own environment."""
    kept = {name: value for name, value in source.items() if _INHERITED.fullmatch(name)}
    return {"PATH": _DEFAULT_PATH, **kept}


def installer_variables(source: Mapping[str, str]) -> dict[str, str]:
    """Pick what the commands that install dependencies need of it in addition."""
    return {name: value for name, value in source.items() if _INSTALLER.fullmatch(name)}


def platform_variables(launch: ActionLaunch, places: WorkerPlaces) -> dict[str, str]:
    """Return the ATTUNE_ variables of one run (contract, d.2)."""
    variables = {
        "ATTUNE_EXEC_ID": str(launch.execution_id),
        "ATTUNE_ATTEMPT": str(launch.attempt_count),
        "ATTUNE_ACTION": launch.action_ref,
        "ATTUNE_PACK_REF": launch.pack_ref,
        "ATTUNE_API_URL": places.api_url,
        "ATTUNE_API_TOKEN": launch.token,
        "ATTUNE_ARTIFACTS_DIR": str(places.artifacts_dir),
        "ATTUNE_RUNTIME_ENVS_DIR": str(places.runtime_envs_dir),
        "ATTUNE_RULE": launch.rule_ref,
        "ATTUNE_TRIGGER": launch.trigger_ref,
        "ATTUNE_PARAMETER_DELIVERY": launch.parameter_delivery.value,
        "ATTUNE_PARAMETER_FORMAT": launch.parameter_format.value,
    }
    given = {name: value for name, value in variables.items() if value is not None}
    return {**_context_variables(launch), **given}


def process_environment(
    inherited: Mapping[str, str],
    requested: Mapping[str, str],
    env_vars: Mapping[str, str | EnvironmentVariable],
    expansions: Mapping[str, str],
    platform: Mapping[str, str],
) -> dict[str, str]:
    """Join all of it: a request may override a runtime's value, nothing the platform's.

    A runtime that prepends or appends extends what the request gave.
    """
    asked = {
        name: value
        for name, value in requested.items()
        if not name.startswith(RESERVED_PREFIX)
    }
    applied = {
        name: variable
        for name, variable in env_vars.items()
        if name not in asked or _extends(variable)
    }
    base = {**inherited, **asked}
    return {**expand_variables(applied, base, expansions), **platform}


def _extends(variable: str | EnvironmentVariable) -> bool:
    if isinstance(variable, str):
        return False
    return variable.operation is not EnvironmentOperation.SET


def _context_variables(launch: ActionLaunch) -> dict[str, str]:
    return {
        f"ATTUNE_CONTEXT_{variable_name(key)}": to_text(value)
        for key, value in launch.context.items()
    }


def variable_name(key: str) -> str:
    """Return the key as it may stand in the name of a variable."""
    return re.sub(r"[^A-Z0-9_]", "_", key.upper())
