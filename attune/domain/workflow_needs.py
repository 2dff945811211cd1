"""What the service has to load before a step; known from the definition alone."""

from dataclasses import dataclass

from attune.domain.workflow_definition import Workflow
from attune.domain.workflow_event import Event
from attune.domain.workflow_state import FanOut


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What one step, or the conclusion, may read."""

    states: frozenset[str] = frozenset()
    """Tasks whose state is read or changed."""
    results: frozenset[str] = frozenset()
    """Tasks with an action whose result is read; their states are needed too."""
    own_result: bool = False
    """The result of the execution that ended."""
    item_results: bool = False
    """The results of all items of the run that is over."""
    items: frozenset[int] = frozenset()
    """Items of the event's run whose values are read."""
    config: bool = False
    """The configuration of the workflow's pack."""
    keystore: frozenset[tuple[str, ...]] = frozenset()
    """Paths below `keystore`; joined with dots they are refs of keys."""


def needs(workflow: Workflow, event: Event, fan_out: FanOut | None = None) -> Needs:
    """Return what a step reads; give the fan-out of an event that is about an item."""
    raise NotImplementedError


def conclusion_needs(workflow: Workflow) -> Needs:
    """Return what `conclude` reads."""
    raise NotImplementedError
