"""Compose what a worker is told when it starts an execution."""

from collections.abc import Mapping
from typing import Any

from attune.db.database import Transaction
from attune.db.repositories.attempt import StartedExecution
from attune.domain.errors import InvalidInput
from attune.domain.json import Json
from attune.domain.schema import secret_names
from attune.domain.version import highest_satisfying
from attune.runtimes.launch import ActionLaunch, RuntimeLaunch
from attune.security.encryption import Encryption
from attune.services.key_value import reveal_key


def owned_values(
    encryption: Encryption, started: StartedExecution
) -> tuple[dict[str, Json], frozenset[str]]:
    """Return the keys that are merged into the parameters, and which are secret.

    Only what the action or its pack owns is merged (contract, d.1).
    """
    keys = started.keys or []
    values = {key["name"]: reveal_key(encryption, key) for key in keys}
    return values, frozenset(key["name"] for key in keys if key["encrypted"])


async def choose_runtime(
    tx: Transaction, started: StartedExecution, worker_id: int
) -> RuntimeLaunch:
    """Choose the version to run on; InvalidInput says what the worker lacks."""
    constraint = started.definition["action"].get("runtime_version_constraint")
    runtime = started.definition["runtime"]
    return await choose_version(tx, runtime, constraint, worker_id, what="action")


async def choose_version(
    tx: Transaction,
    runtime: Mapping[str, Any],
    constraint: str | None,
    worker_id: int,
    *,
    what: str,
) -> RuntimeLaunch:
    """Choose the highest version of the runtime that the worker has and fits."""
    if not constraint:
        return _runtime(runtime, None, runtime["execution_config"])
    offered = await _offered(tx, worker_id, runtime["ref"])
    found = highest_satisfying(offered, constraint)
    if found is None:
        has = ", ".join(offered) or "none"
        raise InvalidInput(
            f"The {what} needs {runtime['ref']} {constraint}; its worker has {has}"
        )
    declared = (v for v in runtime["versions"] if _is_same(v["version"], found))
    own = next(declared, None)
    config = own["execution_config"] if own else None
    return _runtime(runtime, found, config or runtime["execution_config"])


def compose_launch(
    started: StartedExecution,
    runtime: RuntimeLaunch,
    *,
    parameters: Mapping[str, Json],
    secret: frozenset[str],
    token: str | None,
) -> ActionLaunch:
    """Put the row, its snapshot and its secrets together."""
    action = started.definition["action"]
    pack = started.definition.get("pack") or {}
    secret_parameters = secret | set(secret_names(action.get("param_schema") or {}))
    return ActionLaunch(
        execution_id=started.id,
        attempt_count=started.attempt_count,
        action_ref=started.action_ref,
        pack_ref=started.pack_ref,
        pack_version=pack.get("version"),
        pack_hash=pack.get("content_hash"),
        entrypoint=action["entrypoint"],
        runtime=runtime,
        parameters=dict(parameters),
        secret_parameters=tuple(sorted(secret_parameters)),
        parameter_delivery=action["parameter_delivery"],
        parameter_format=action["parameter_format"],
        output_format=action["output_format"],
        timeout_seconds=started.timeout_seconds,
        on_worker_loss=action["on_worker_loss"],
        environment=started.env_vars,
        token=token,
        rule_ref=started.rule_ref,
        trigger_ref=started.trigger_ref,
    )


async def _offered(tx: Transaction, worker_id: int, runtime_ref: str) -> list[str]:
    worker = await tx.workers.get(worker_id)
    for runtime in worker.capabilities.get("runtimes", []):
        if runtime.get("ref") == runtime_ref:
            return list(runtime.get("versions", []))
    return []


def _runtime(
    runtime: Mapping[str, Any], version: str | None, config: Mapping[str, Any]
) -> RuntimeLaunch:
    return RuntimeLaunch.model_validate(
        {
            "ref": runtime["ref"],
            "name": runtime["name"],
            "version": version,
            "execution_config": config,
        }
    )


def _is_same(declared: str, found: str) -> bool:
    """Tell whether `3.12`, as declared, is the 3.12.4 that was found."""
    return found == declared or found.startswith(f"{declared}.")
