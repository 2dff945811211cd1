"""Rules as they are shown: without the secrets that somebody wrote into them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from attune.db.database import Transaction
from attune.db.models.rule import Rule
from attune.domain.json import Json, JsonObject
from attune.domain.schema import REDACTED, secret_names
from attune.domain.template import templates_in
from attune.services.sealing import is_sealed


@dataclass(frozen=True, kw_only=True)
class RuleView:
    """A rule, and the parameters of its action as everybody may see them."""

    rule: Rule
    action_params: Mapping[str, Json]


async def view_rules(tx: Transaction, rules: Sequence[Rule]) -> list[RuleView]:
    """Return the rules with their secret parameters masked; a template is no secret."""
    action_ids = {rule.action_id for rule in rules if rule.action_id is not None}
    schemas = await tx.actions.param_schemas(action_ids) if action_ids else {}
    return [
        RuleView(
            rule=rule,
            action_params=_masked(schemas.get(rule.action_id or 0), rule.action_params),
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
