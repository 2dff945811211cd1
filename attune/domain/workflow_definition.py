"""A workflow as its interpreter reads it: compiled once, immutable, shared."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from attune.domain.json import Json, JsonObject

Amount: TypeAlias = "int | float | Templated | None"


class CancellationPolicy(StrEnum):
    """What a cancel does to the tasks that run."""

    ALLOW_FINISH = "allow_finish"  # they may end by themselves
    CANCEL_RUNNING = "cancel_running"  # they are cancelled too


class Backoff(StrEnum):
    """How the delays between attempts grow."""

    CONSTANT = "constant"  # d, d, d
    LINEAR = "linear"  # d, 2d, 3d
    EXPONENTIAL = "exponential"  # d, 2d, 4d


@dataclass(frozen=True, slots=True)
class Templated:
    """A value with its templates compiled."""

    place: str
    source: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the executions of a task are given beside their parameters."""

    permission_set_refs: list[str] | None = None
    worker_selector: JsonObject | None = None
    worker_tolerations: list[JsonObject] | None = None
    worker_affinity: JsonObject | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """What follows the end of a task."""

    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task, outermost or nested."""

    name: str
    place: str
    scope: str | None
    action_ref: str | None
    transitions: tuple[Transition, ...] = ()
    terms: Terms = Terms()
    has_items: bool = False
    join: int | None = None
    inherits_parameters: bool = False
    nested: tuple[str, ...] = ()

    @property
    def is_scope(self) -> bool:
        """Tell whether it only holds other tasks."""
        return bool(self.nested)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """A compiled definition."""

    tasks: Mapping[str, Task]
    """All of them by name, nested ones too."""
    entries: Mapping[str | None, tuple[str, ...]]
    """The tasks that start when the workflow, or the task they are nested in, does."""
    predecessors: Mapping[str, tuple[str, ...]]
    variables: Mapping[str, Any] = field(default_factory=dict)
    output_map: Mapping[str, Any] = field(default_factory=dict)
    cancellation_policy: CancellationPolicy = CancellationPolicy.ALLOW_FINISH


def compile_workflow(definition: JsonObject, pack_ref: str = "") -> Workflow:
    """Compile; raises InvalidInput whose problems name each place.

    An action without a dot is one of the pack.
    """
    raise NotImplementedError
