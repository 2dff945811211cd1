"""Where the expressions of a workflow stand, and what can be seen from there."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from attune.domain.expression import Expression
from attune.domain.keystore import KEYSTORE
from attune.domain.workflow_definition import Workflow
from attune.domain.workflow_task import Amount, Publication, Task
from attune.domain.workflow_template import Condition, Place, Templated
from attune.domain.workflow_view import FIXED_NAMES, ITEM_NAMES, VARIABLE_NAMES

_IN_VARS: Final = VARIABLE_NAMES | {"parameters", "config", "system"}
_IN_TASKS: Final = FIXED_NAMES - ITEM_NAMES - {KEYSTORE}
_WITH_ITEMS: Final = _IN_TASKS | ITEM_NAMES


@dataclass(frozen=True, slots=True)
class Site:
    """One expression, and what it may read."""

    place: Place
    expression: Expression
    names: frozenset[str]
    takes_secrets: bool = False

    @property
    def hint(self) -> str:
        """Say what would make the name known."""
        has_tasks = self.names >= _IN_TASKS
        return ", only with with_items" if has_tasks else ", before any task has run"


def sites_of(workflow: Workflow) -> Iterator[Site]:
    """Give every expression of a workflow."""
    for templated in workflow.variables.values():
        yield from _of(templated, _IN_VARS)
    for task in workflow.tasks.values():
        yield from _of_task(task)
    for templated in workflow.output_map.values():
        yield from _of(templated, _IN_TASKS)


def _of_task(task: Task) -> Iterator[Site]:
    inner = _WITH_ITEMS if task.has_items else _IN_TASKS
    for part in (task.when, task.delay, task.with_items):
        yield from _of(part, _IN_TASKS)
    for part in (task.concurrency, task.batch_size):
        yield from _of(part, _IN_TASKS)
    yield from _of(task.input, inner, takes_secrets=True)
    yield from _of(task.timeout, inner)
    if task.retry is not None:
        retry = task.retry
        for part in (retry.count, retry.delay, retry.max_delay, retry.on_error):
            yield from _of(part, inner)
    yield from _of_publications(task.publish)
    for transition in task.transitions:
        yield from _of(transition.when, _IN_TASKS)
        yield from _of_publications(transition.publish)


def _of_publications(publications: tuple[Publication, ...]) -> Iterator[Site]:
    for each in publications:
        yield from _of(each.value, _IN_TASKS)


def _of(
    part: Templated | Condition | Amount | None,
    names: frozenset[str],
    *,
    takes_secrets: bool = False,
) -> Iterator[Site]:
    if isinstance(part, Amount):
        part = part.value if isinstance(part.value, Templated) else None
    if isinstance(part, Templated):
        for each in part.expressions:
            yield Site(each.place, each.expression, names, takes_secrets)
    elif isinstance(part, Condition):
        for expression in part.expressions:
            yield Site(part.place, expression, names)
