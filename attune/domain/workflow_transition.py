"""Reads what follows a task: `next`, and the older ways to say it.

`on_success`, `on_failure`, `on_complete`, `on_timeout` and `decision` become the
transitions that they mean.
"""

from collections.abc import Iterator
from typing import Final

from attune.domain.functions import TRANSITION_FUNCTIONS
from attune.domain.json import Json, JsonObject
from attune.domain.workflow_field import Fields
from attune.domain.workflow_task import Transition
from attune.domain.workflow_template import Condition, Place, make_condition

_SUCCEEDED: Final = "succeeded()"
_LEGACY: Final = {
    "on_success": _SUCCEEDED,
    "on_failure": "failed()",
    "on_complete": None,
    "on_timeout": "timed_out()",
}


def read_transitions(
    fields: Fields, task: JsonObject, place: Place
) -> tuple[Transition, ...]:
    """Return everything that may follow the task, in the order of its definition."""
    return (
        *_next(fields, task.get("next"), (*place, "next")),
        *_legacy(fields, task, place),
        *_decision(fields, task.get("decision"), (*place, "decision")),
    )


def _next(fields: Fields, value: Json, place: Place) -> Iterator[Transition]:
    for at, item in fields.listed(value, place):
        if isinstance(item, str):
            yield _always(at, fields.names(item, at))
        else:
            yield _transition(fields, fields.object(item, at), at)


def _always(place: Place, targets: tuple[str, ...]) -> Transition:
    return Transition(place=place, when=None, publish=(), targets=targets)


def _transition(fields: Fields, item: JsonObject, place: Place) -> Transition:
    when = item.get("when")
    return Transition(
        place=place,
        when=_when(fields, when, (*place, "when")),
        publish=fields.publications(item.get("publish"), (*place, "publish")),
        targets=fields.names(item.get("do"), (*place, "do")),
    )


def _when(fields: Fields, value: Json, place: Place) -> Condition | None:
    if value is None:
        return None
    return fields.condition(value, place, TRANSITION_FUNCTIONS)


def _legacy(fields: Fields, task: JsonObject, place: Place) -> Iterator[Transition]:
    for key, source in _LEGACY.items():
        if task.get(key) is None:
            continue
        at = (*place, key)
        if key == "on_failure" and task.get("on_timeout") is not None:
            source = "failed() and not timed_out()"  # noqa: PLW2901 - one of two
        yield Transition(
            place=at,
            when=_known(at, source) if source else None,
            publish=(),
            targets=fields.names(task[key], at),
        )


def _known(place: Place, source: str) -> Condition:
    return make_condition(place, [source], TRANSITION_FUNCTIONS)


def _decision(fields: Fields, value: Json, place: Place) -> Iterator[Transition]:
    """Give the branches of a decision; after success the first that holds is taken."""
    for at, item in fields.listed(value, place):
        branch = fields.object(item, at)
        targets, is_default = _branch(fields, branch, at)
        condition = _known(at, _SUCCEEDED)
        if branch.get("when") is not None and not is_default:
            more = fields.condition(branch["when"], (*at, "when"), TRANSITION_FUNCTIONS)
            condition = _both(condition, more) if more else condition
        elif not is_default and branch:
            fields.add(at, "must have a when, or be the default")
        yield Transition(
            place=at, when=condition, publish=(), targets=targets, is_choice=True
        )


def _branch(
    fields: Fields, branch: JsonObject, place: Place
) -> tuple[tuple[str, ...], bool]:
    """Return where it leads, and whether it is what else to do.

    `default: true` marks a branch, `default: name` is one of its own.
    """
    default = branch.get("default")
    if isinstance(default, str | list):
        return fields.names(default, (*place, "default")), True
    if default is not None and not isinstance(default, bool):
        fields.add((*place, "default"), "must be true, or the name of a task")
    return fields.names(branch.get("next"), (*place, "next")), default is True


def _both(first: Condition, second: Condition) -> Condition:
    return Condition(
        second.place,
        first.expressions + second.expressions,
        first.reads | second.reads,
    )
