"""The rules of each trigger, compiled once and forgotten when a definition changes."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from attune.db.database import Transaction
from attune.domain.condition import Conditions, compile_conditions
from attune.domain.enforcement import EnforcementCondition
from attune.domain.errors import InvalidInput
from attune.domain.executable import ExecutableAction
from attune.domain.json import Json, JsonObject
from attune.domain.keystore import Path, key_paths
from attune.security.encryption import Encryption, Undecryptable
from attune.services.pack.configured import configured
from attune.services.sealing import rule_place, unseal

SAME_ERROR_SECONDS: Final = 10.0


@dataclass(frozen=True, kw_only=True)
class CompiledRule:
    """A rule, ready to be offered events."""

    id: int
    ref: str
    trigger_ref: str
    idle: str | None
    """Why it is not offered events at present."""
    condition: EnforcementCondition
    conditions: Json
    compiled: Conditions | None
    problem: str | None
    """Why its conditions cannot be evaluated at all."""
    action_params: JsonObject
    action_ref: str | None
    action: ExecutableAction | None
    permission_set_refs: list[str] | None
    owner_id: int | None
    trace_tag_template: str | None
    pack_config: JsonObject
    """Without what is secret in it."""
    secret_config: frozenset[str]
    keystore: frozenset[Path]
    """The paths of keys that its parameters refer to."""


class Rulebook:
    """Remembers compiled rules by trigger; one for each process.

    One that is for a single rule lives as long as the events that are meant for it.
    """

    def __init__(
        self,
        *,
        remembers: bool = True,
        only: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._remembers = remembers
        self._only = only
        self._rules: dict[str, Sequence[CompiledRule]] = {}
        self._edition = 0
        self._clock = clock
        self._errors: dict[int, tuple[str, float]] = {}

    def forget(self) -> None:
        """Read everything anew; called when any definition has changed."""
        self._edition += 1
        self._rules.clear()
        self._errors.clear()

    def is_news(self, rule: CompiledRule, error: str) -> bool:
        """Tell whether this error of a rule was not told within the last seconds."""
        now = self._clock()
        told, until = self._errors.get(rule.id, ("", 0.0))
        if error == told and now < until:
            return False
        self._errors[rule.id] = (error, now + SAME_ERROR_SECONDS)
        return True

    async def rules_for(
        self, tx: Transaction, trigger_ref: str, encryption: Encryption
    ) -> Sequence[CompiledRule]:
        """Return the rules of a trigger, oldest first, idle ones included."""
        known = self._rules.get(trigger_ref)
        if known is not None:
            return known
        edition = self._edition
        rows = await self._read(tx, trigger_ref)
        rules = tuple(compile_rule(row._asdict(), encryption) for row in rows)
        # A change that was announced while we read makes what we read old.
        if self._remembers and edition == self._edition:
            self._rules[trigger_ref] = rules
        return rules

    async def _read(self, tx: Transaction, trigger_ref: str) -> Sequence[Any]:
        if self._only is None:
            return await tx.rules.matchable(trigger_ref)
        return [await tx.rules.matchable_one(self._only)]


def compile_rule(row: Mapping[str, Any], encryption: Encryption) -> CompiledRule:
    """Return the rule; one whose conditions are broken never matches and says why."""
    compiled, problem = None, None
    params = row["action_params"]
    schema, base = row["pack_config_schema"], row["pack_config"]
    config = configured(schema, base, row["own_config"])
    try:
        params = unseal(encryption, params, place=rule_place(row["ref"]))
        compiled = compile_conditions(row["conditions"], row["condition"])
    except InvalidInput as error:
        problem = "; ".join([error.message, *error.problems])
    except Undecryptable as error:
        problem = error.message
    return CompiledRule(
        id=row["id"],
        ref=row["ref"],
        trigger_ref=row["trigger_ref"],
        idle=_idle(row),
        condition=EnforcementCondition(row["condition"]),
        conditions=row["conditions"],
        compiled=compiled,
        problem=problem,
        action_params=params,
        action_ref=row["action_ref"],
        action=_action(row),
        permission_set_refs=row["permission_set_refs"],
        owner_id=row["owner_identity"],
        trace_tag_template=row["trace_tag_template"],
        pack_config=config.masked(),
        secret_config=config.secret,
        keystore=key_paths(row["action_params"]),
    )


def _idle(row: Mapping[str, Any]) -> str | None:
    if not row["enabled"]:
        return "The rule is disabled"
    if row["trigger_id"] is None:
        return "The rule's trigger is gone"
    if not row["trigger_enabled"]:
        return "Its trigger is disabled"
    return None if row["is_open"] else "Its owner no longer sees its trigger and action"


def _action(row: Mapping[str, Any]) -> ExecutableAction | None:
    if row["action_id"] is None:
        return None
    return ExecutableAction(
        id=row["action_id"],
        ref=row["action_ref"],
        pack_ref=row["action_pack_ref"],
        runtime_ref=row["runtime_ref"],
        is_executable=row["is_executable"],
        enabled=row["action_enabled"],
        param_schema=row["param_schema"],
        timeout_seconds=row["timeout_seconds"],
    )
