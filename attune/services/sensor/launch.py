"""Compose what a worker is told when it starts a sensor."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from attune.db.database import Transaction
from attune.db.repositories.sensor_hosting import SensorRule, SensorSubject
from attune.domain.json import Json, JsonObject
from attune.domain.keystore import key_paths
from attune.domain.schema import apply_defaults, secret_names
from attune.runtimes.launch import RuntimeLaunch
from attune.runtimes.sensor_launch import SensorLaunch, SensorToken
from attune.security.encryption import Encryption
from attune.services.execution.launch import choose_version
from attune.services.execution.references import SecretReader
from attune.services.key_value import reveal_key
from attune.services.sealing import (
    is_sealed,
    pack_place,
    sensor_place,
    trigger_place,
    unseal,
)


async def choose_runtime(
    tx: Transaction, subject: SensorSubject, worker_id: int
) -> RuntimeLaunch:
    """Choose the version to run on; InvalidInput says what the worker lacks."""
    constraint = subject.runtime_version_constraint
    return await choose_version(
        tx, subject.runtime, constraint, worker_id, what="sensor"
    )


def compose_launch(
    subject: SensorSubject,
    generation: int,
    *,
    runtime: RuntimeLaunch,
    rules: Sequence[SensorRule],
    of_pack: JsonObject,
    encryption: Encryption,
    token: SensorToken,
) -> SensorLaunch:
    """Put the row, its pack's configuration and its rules together."""
    config, secret = _config(subject, of_pack, encryption)
    watched = [_opened(rule, encryption) for rule in rules]
    return SensorLaunch(
        sensor_id=subject.id,
        sensor_ref=subject.ref,
        generation=generation,
        pack_ref=subject.pack_ref or subject.ref.partition(".")[0],
        pack_hash=subject.pack_hash,
        entrypoint=subject.entrypoint,
        runtime=runtime,
        trigger_refs=list(subject.trigger_refs),
        rules=[rule_item(rule) for rule in watched],
        config=config,
        secrets=[*_texts([config[name] for name in secret]), *_rule_secrets(watched)],
        token=token,
    )


def _opened(rule: SensorRule, encryption: Encryption) -> SensorRule:
    params = dict(rule.trigger_params)
    opened = unseal(encryption, params, place=trigger_place(rule.ref))
    return replace(rule, trigger_params=opened)


def rule_item(rule: SensorRule) -> JsonObject:
    """Return a rule in the form of contract h, for every generation of sensors."""
    params = dict(rule.trigger_params)
    return {
        "id": rule.id,
        "rule_id": rule.id,
        "ref": rule.ref,
        "rule_ref": rule.ref,
        "trigger_ref": rule.trigger_ref,
        "config": params,
        "trigger_params": params,
        "enabled": True,
        "active": True,
    }


def _config(
    subject: SensorSubject, of_pack: JsonObject, encryption: Encryption
) -> tuple[JsonObject, list[str]]:
    """Return its configuration and which values are secret.

    Beneath its own it has what its pack is configured with, above it the keys that it
    or its pack owns.
    """
    keys = subject.keys or []
    owned = {key["name"]: reveal_key(encryption, key) for key in keys}
    schema = dict(subject.param_schema)
    own = unseal(encryption, dict(subject.config), place=sensor_place(subject.ref))
    config = apply_defaults(schema, {**of_pack, **own, **owned})
    secret = secret_names(schema) | {k["name"] for k in keys if k["encrypted"]}
    stored = subject.pack_config or {}
    sealed = {
        name for name, value in stored.items() if is_sealed(value) or key_paths(value)
    }
    return config, sorted((secret | sealed) & config.keys())


async def pack_settings(
    tx: Transaction, subject: SensorSubject, encryption: Encryption
) -> JsonObject:
    """Return what the sensor's pack is configured with, in plain.

    A sensor runs for nobody: whoever configured the pack vouches for its references.
    """
    pack_ref = subject.pack_ref or ""
    stored = dict(subject.pack_config or {})
    opened = unseal(encryption, stored, place=pack_place(pack_ref))
    reader = SecretReader(tx, encryption, None, runs_for_nobody=True)
    referring = [name for name, value in opened.items() if key_paths(value)]
    return opened | {name: await reader.setting(pack_ref, name) for name in referring}


def _rule_secrets(rules: Sequence[SensorRule]) -> list[str]:
    values: list[Json] = []
    for rule in rules:
        names = secret_names(dict(rule.param_schema))
        values += [rule.trigger_params.get(name) for name in names]
    return list(_texts(values))


def _texts(values: Sequence[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, Mapping):
            yield from _texts(list(value.values()))
        elif isinstance(value, list):
            yield from _texts(value)
        elif value is not None and not isinstance(value, bool):
            yield str(value)
