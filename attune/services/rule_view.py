"""Rules as they are shown: without the secrets that somebody wrote into them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from attune.db.database import Transaction
from attune.db.models.rule import Rule
from attune.domain.json import Json, JsonObject
from attune.domain.schema import REDACTED, secret_names
from attune.domain.template import templates_in
from attune.security.encryption import Encryption
from attune.services.sealing import is_sealed, seal, unseal


@dataclass(frozen=True, kw_only=True)
class RuleView:
    """A rule, and the parameters of its action and its trigger as they may be seen."""

    rule: Rule
    action_params: Mapping[str, Json]
    trigger_params: Mapping[str, Json]


@dataclass(frozen=True)
class RuleSecrets:
    """Parameters of a rule on their way to its row: some of them are secret."""

    encryption: Encryption
    name: str
    schema: JsonObject
    place: str

    def opened(self, rule: Rule, values: Mapping[str, Any]) -> JsonObject:
        """Return what is to be stored, in plain text."""
        stored = getattr(rule, self.name) or {}
        before = unseal(self.encryption, stored, place=self.place)
        given = values.get(self.name, before) or {}
        return unmasked(self.schema, given, before)

    def sealed(self, params: JsonObject) -> JsonObject:
        """Return them with the secret ones encrypted."""
        secret = literal_secrets(self.schema, params)
        return seal(self.encryption, secret, params, place=self.place)


async def view_rules(tx: Transaction, rules: Sequence[Rule]) -> list[RuleView]:
    """Return the rules with their secret parameters masked; a template is no secret."""
    action_ids = {rule.action_id for rule in rules if rule.action_id is not None}
    schemas = await tx.actions.param_schemas(action_ids) if action_ids else {}
    trigger_ids = {rule.trigger_id for rule in rules if rule.trigger_id is not None}
    of_triggers = await tx.triggers.param_schemas(trigger_ids)
    return [
        RuleView(
            rule=rule,
            action_params=_masked(schemas.get(rule.action_id or 0), rule.action_params),
            trigger_params=_masked(
                of_triggers.get(rule.trigger_id or 0, {}), rule.trigger_params
            ),
        )
        for rule in rules
    ]


def unmasked(
    schema: JsonObject | None, given: JsonObject, before: Mapping[str, Json]
) -> JsonObject:
    """Return the parameters with what was masked when they were shown put back."""
    secrets = secret_names(schema)
    return {
        name: before.get(name) if name in secrets and value == REDACTED else value
        for name, value in given.items()
    }


def _masked(schema: JsonObject | None, params: JsonObject) -> JsonObject:
    """Mask what is secret; without its action nobody knows, so all texts may be."""
    secrets = literal_secrets(schema, params)
    return {
        name: REDACTED if name in secrets or is_sealed(value) else value
        for name, value in params.items()
    }


def literal_secrets(
    schema: JsonObject | None, params: Mapping[str, Json]
) -> frozenset[str]:
    """Return the names of the parameters that hold a secret, and not where it is."""
    secrets = params.keys() if schema is None else secret_names(schema)
    return frozenset(
        name for name in secrets if name in params and not _is_open(params[name])
    )


def _is_open(value: Json) -> bool:
    return value is None or any(templates_in(value))
