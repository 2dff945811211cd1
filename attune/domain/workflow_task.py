"""The tasks of a workflow as its interpreter reads them: compiled and immutable."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final

from attune.domain.errors import InvalidInput
from attune.domain.expression_operator import Number, is_number
from attune.domain.expression_value import type_name
from attune.domain.json import Json, JsonObject
from attune.domain.workflow_template import (
    Condition,
    Place,
    Reads,
    Templated,
    all_reads,
    located,
)

MAX_SECONDS: Final = 315_360_000
"""Ten years, so that every moment is one that a database can hold."""


class Backoff(StrEnum):
    """How the delays between attempts grow."""

    CONSTANT = "constant"  # d, d, d
    LINEAR = "linear"  # d, 2d, 3d
    EXPONENTIAL = "exponential"  # d, 2d, 4d


@dataclass(frozen=True, slots=True)
class Bounds:
    """Which numbers a field takes."""

    least: int = 0
    most: int = MAX_SECONDS
    is_whole: bool = False

    @property
    def wanted(self) -> str:
        """Say what the numbers are."""
        kind = "a whole number" if self.is_whole else "a number"
        return f"{kind} from {self.least} to {self.most}"

    def problem(self, value: Json) -> str | None:
        """Return what is wrong with a value, if anything."""
        if not is_number(value):
            return f"must be {self.wanted}, not {type_name(value)}"
        is_fitting = isinstance(value, int) or not self.is_whole
        if not is_fitting or not self.least <= value <= self.most:
            return f"must be {self.wanted}"
        return None


@dataclass(frozen=True, slots=True)
class Amount:
    """A number, or a template that gives one."""

    place: Place
    bounds: Bounds
    value: Number | Templated

    @property
    def reads(self) -> Reads:
        """Return what its template reads."""
        return self.value.reads if isinstance(self.value, Templated) else Reads()

    def resolve(self, render: Callable[[Templated], Json]) -> Number:
        """Return the number; raises InvalidInput that begins with the place."""
        if not isinstance(self.value, Templated):
            return self.value
        value = render(self.value)
        problem = self.bounds.problem(value)
        if problem is not None or not is_number(value):
            raise located(self.place, InvalidInput(problem or "must be a number"))
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the executions of a task are given beside their parameters.

    None where the task does not say: then the action does.
    """

    permission_set_refs: list[str] | None = None
    worker_selector: JsonObject | None = None
    worker_tolerations: list[JsonObject] | None = None
    worker_affinity: JsonObject | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often, when and how soon a failed execution is attempted again."""

    count: Amount
    delay: Amount | None
    max_delay: Amount | None
    backoff: Backoff
    on_error: Condition | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A variable that a transition sets."""

    name: str
    value: Templated | None
    """None: the field of that name in the task's result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """What follows the end of a task if its condition holds."""

    place: Place
    when: Condition | None
    publish: tuple[Publication, ...]
    targets: tuple[str, ...]
    is_choice: bool = False
    """One of a decision: only the first whose condition holds is taken."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Task:
    """One task, outermost or nested."""

    name: str
    place: Place
    scope: str | None
    """The task that it is nested in."""
    nested: tuple[str, ...] = ()
    """The tasks that it holds; then it has no action."""
    action_ref: str | None = None
    input: Templated | None = None
    """None: its executions inherit the parameters of the workflow."""
    when: Condition | None = None
    with_items: Templated | None = None
    concurrency: Amount | None = None
    batch_size: Amount | None = None
    retry: Retry | None = None
    timeout: Amount | None = None
    delay: Amount | None = None
    join: int | None = None
    """How many predecessors must have arrived before it starts."""
    publish: tuple[Publication, ...] = ()
    """Set after success, before the transitions."""
    transitions: tuple[Transition, ...] = ()
    terms: Terms = Terms()

    @property
    def is_scope(self) -> bool:
        """Tell whether it only holds other tasks."""
        return bool(self.nested)

    @property
    def has_items(self) -> bool:
        """Tell whether a run goes over the elements of a list."""
        return self.with_items is not None

    @property
    def inherits_parameters(self) -> bool:
        """Tell whether its executions are given the workflow's own parameters."""
        return self.input is None and not self.is_scope

    @cached_property
    def targets(self) -> frozenset[str]:
        """Return every task that its transitions name."""
        return frozenset(name for each in self.transitions for name in each.targets)

    @cached_property
    def start_reads(self) -> Reads:
        """Return what is read when it starts."""
        count = self.retry.count if self.retry else None
        amounts = (self.concurrency, self.batch_size, self.timeout, self.delay, count)
        return _all_of(self.input, self.when, self.with_items, *amounts)

    @cached_property
    def retry_reads(self) -> Reads:
        """Return what is read when an execution of it failed."""
        retry = self.retry
        if retry is None:
            return Reads()
        more = _all_of(retry.delay, retry.max_delay, retry.on_error)
        return more | self.start_reads

    @cached_property
    def end_reads(self) -> Reads:
        """Return what its transitions read."""
        published = [*self.publish]
        for transition in self.transitions:
            published += transition.publish
        conditions = [each.when for each in self.transitions]
        reads = _all_of(*conditions, *(each.value for each in published))
        # A bare name is a field of the result.
        is_bare = any(each.value is None for each in published)
        return reads | Reads(calls=frozenset({"result"})) if is_bare else reads


def _all_of(*parts: Amount | Templated | Condition | None) -> Reads:
    return all_reads(part.reads for part in parts if part is not None)
