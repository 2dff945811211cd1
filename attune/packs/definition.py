"""A pack as its files define it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from attune.packs.component import (
    ActionDocument,
    PermissionSetDocument,
    RuleDocument,
    RuntimeDocument,
    SensorDocument,
    TriggerDocument,
    WorkflowDocument,
)
from attune.packs.manifest import ComponentDocument, PackManifest
from attune.packs.policy import PolicyDocument

C_co = TypeVar("C_co", bound=ComponentDocument, covariant=True)


@dataclass(frozen=True)
class Sourced(Generic[C_co]):
    """A component and the file of the pack that it stands in."""

    source: str
    document: C_co


@dataclass(frozen=True, kw_only=True)
class Components:
    """Everything a pack defines, in the order of its files."""

    permission_sets: Sequence[Sourced[PermissionSetDocument]] = ()
    runtimes: Sequence[Sourced[RuntimeDocument]] = ()
    triggers: Sequence[Sourced[TriggerDocument]] = ()
    actions: Sequence[Sourced[ActionDocument]] = ()
    workflows: Sequence[Sourced[WorkflowDocument]] = ()
    """Each is run by the action of the same ref, which is among the actions."""
    rules: Sequence[Sourced[RuleDocument]] = ()
    sensors: Sequence[Sourced[SensorDocument]] = ()
    policies: Sequence[Sourced[PolicyDocument]] = ()

    def by_kind(self) -> dict[str, Sequence[Sourced[ComponentDocument]]]:
        """Return the components under the names of their kinds."""
        return {
            "permission set": self.permission_sets,
            "runtime": self.runtimes,
            "trigger": self.triggers,
            "action": self.actions,
            "workflow": self.workflows,
            "rule": self.rules,
            "sensor": self.sensors,
            "policy": self.policies,
        }


@dataclass(frozen=True, kw_only=True)
class PackDefinition:
    """A pack that was read and found whole."""

    directory: Path
    manifest: PackManifest
    components: Components = Components()
    warnings: tuple[str, ...] = ()
    """What looks like a mistake and is none that stops the pack."""

    @property
    def ref(self) -> str:
        """The ref of the pack."""
        return self.manifest.ref
