"""Does a workflow hold together, before it ever runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from attune.domain.json import JsonObject


@dataclass(frozen=True, kw_only=True)
class ActionFacts:
    """What a check has to know of an action."""

    param_schema: JsonObject = field(default_factory=dict)
    exists: bool = True


@dataclass(frozen=True, kw_only=True)
class Findings:
    """Everything that is wrong with a definition, each with its place."""

    problems: list[str] = field(default_factory=list)
    """Why it cannot be run."""
    warnings: list[str] = field(default_factory=list)
    """What runs, but is perhaps not what was meant."""


def check_workflow(
    definition: JsonObject,
    param_schema: JsonObject,
    actions: Mapping[str, ActionFacts] | None,
    pack_ref: str,
) -> Findings:
    """Check a definition; without `actions` what they would take is taken on trust.

    More actions than it names may be given: they are offered where a ref is not known.
    """
    raise NotImplementedError


def action_refs(definition: JsonObject, pack_ref: str) -> frozenset[str]:
    """Return the refs of all actions it names, as far as it can be read."""
    raise NotImplementedError
