"""Which waiting executions may go on, in what order, and what keeps the others.

The oldest is asked first. It goes on when each limit that bears on it has room for it
behind everything older of its group. Whoever waits keeps its place in all its groups,
unless something else holds it back for longer than what runs now: a queue in front of
one limit must not hold up what passes only another.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from attune.domain.policy import (
    Limit,
    LimitKind,
    PolicyMethod,
    PolicyTerms,
    weightiest_first,
)

Group = tuple[str | None, ...]
"""The values of a limit's parameters, as JSON; None for what is not given."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A limit as it bears on the executions of one group."""

    limit: Limit
    group: Group


@dataclass(frozen=True, slots=True)
class Alike:
    """What decides which limits bear on an execution: the same for many of them."""

    action_ref: str
    pack_ref: str | None
    runs_code: bool
    values: tuple[tuple[str, str | None], ...]
    """Parameters by which some policy groups, each with its value as JSON."""


@dataclass(frozen=True, slots=True)
class Queue:
    """Executions that wait under the same bounds, in the order of their ids."""

    bounds: tuple[Bound, ...]
    """The weightiest first."""
    ids: Sequence[int]


@dataclass
class Decision:
    """What becomes of the executions that waited."""

    admitted: list[int] = field(default_factory=list)
    waiting: dict[Bound, list[int]] = field(default_factory=dict)
    """By what makes them wait."""
    cancelled: dict[Bound, list[int]] = field(default_factory=dict)


class _Counter:
    """A bound with what is left of it."""

    __slots__ = ("ahead", "bound", "cancels", "free", "near")

    def __init__(self, bound: Bound, used: int) -> None:
        limit = bound.limit
        self.bound = bound
        self.free = limit.most - used
        self.ahead = 0
        self.near = limit.most if limit.kind is LimitKind.RUNNING else 0
        """Whoever is behind fewer than this goes on after what runs now."""
        self.cancels = limit.method is PolicyMethod.CANCEL


def bounds_of(policies: Iterable[PolicyTerms], alike: Alike) -> tuple[Bound, ...]:
    """Return what bears on such executions, the weightiest policy first."""
    values = dict(alike.values)
    return tuple(
        Bound(limit, tuple(values.get(name) for name in limit.parameters))
        for policy in weightiest_first(policies)
        if policy.bears_on(alike.action_ref, alike.pack_ref, runs_code=alike.runs_code)
        for limit in policy.limits
    )


def decide(queues: Sequence[Queue], used: Mapping[Bound, int]) -> Decision:
    """Decide on everything that waits; `used` counts what is taken of each bound.

    No bound is ever exceeded by what is admitted, and of two executions under the same
    bounds the older one is admitted first.
    """
    counters = {
        bound: _Counter(bound, used.get(bound, 0))
        for queue in queues
        for bound in queue.bounds
    }
    decision = Decision()
    for execution_id, queue in _oldest_first(queues):
        asked = [counters[bound] for bound in queue.bounds]
        _decide_one(decision, execution_id, asked)
    return decision


def _oldest_first(queues: Sequence[Queue]) -> Iterator[tuple[int, Queue]]:
    if len(queues) == 1:
        return ((execution_id, queues[0]) for execution_id in queues[0].ids)
    pairs = ((id_, n) for n, queue in enumerate(queues) for id_ in queue.ids)
    return ((id_, queues[n]) for id_, n in sorted(pairs))


def _decide_one(decision: Decision, execution_id: int, asked: list[_Counter]) -> None:
    full = [counter for counter in asked if counter.ahead >= counter.free]
    if not full:
        decision.admitted.append(execution_id)
        for counter in asked:
            counter.ahead += 1
    elif full[0].cancels:
        decision.cancelled.setdefault(full[0].bound, []).append(execution_id)
    else:
        decision.waiting.setdefault(full[0].bound, []).append(execution_id)
        _keep_places(asked, full)


def _keep_places(asked: list[_Counter], full: list[_Counter]) -> None:
    distant = [counter for counter in full if counter.ahead >= counter.near]
    for counter in asked:
        if not distant or distant == [counter]:
            counter.ahead += 1
