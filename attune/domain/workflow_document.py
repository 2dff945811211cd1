"""Reads the tasks of a workflow definition, and notes everything that is wrong."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from enum import StrEnum
from typing import Final

from attune.domain.errors import InvalidInput
from attune.domain.expression_value import type_name
from attune.domain.functions import TRANSITION_FUNCTIONS
from attune.domain.json import Json, JsonObject, format_place
from attune.domain.ref import qualify
from attune.domain.template import is_template
from attune.domain.workflow_field import Fields
from attune.domain.workflow_task import Backoff, Bounds, Retry, Task, Terms
from attune.domain.workflow_template import Condition, Place, Templated
from attune.domain.workflow_transition import read_transitions

ALL: Final = "all"
MAX_RETRIES: Final = 100
_MOST_SLIPS: Final = 50
_COUNT: Final = Bounds(least=1, most=1_000_000, is_whole=True)
_SECONDS: Final = Bounds()
_ONLY_ACTIONS: Final = (
    "action",
    "batch_size",
    "concurrency",
    "input",
    "retry",
    "timeout",
    "with_items",
    *Terms.__dataclass_fields__,
)
_KEYS: Final = frozenset(_ONLY_ACTIONS) | {
    "decision",
    "delay",
    "join",
    "name",
    "next",
    "on_complete",
    "on_failure",
    "on_success",
    "on_timeout",
    "publish",
    "tasks",
    "type",
    "when",
}


class _TaskType(StrEnum):
    ACTION = "action"
    PARALLEL = "parallel"
    WORKFLOW = "workflow"


@dataclass
class Draft:
    """The tasks as they were read, before they are connected."""

    tasks: dict[str, Task] = field(default_factory=dict)
    joins: dict[str, int | str] = field(default_factory=dict)
    """How many arrivals a task asks for, or `all`."""


class TaskReader(Fields):
    """Reads tasks, outermost ones and those that are nested in them."""

    def __init__(self, problems: list[str], pack_ref: str) -> None:
        super().__init__(problems)
        self.draft = Draft()
        self.warnings: list[str] = []
        self._pack_ref = pack_ref
        self._places: dict[str, Place] = {}

    def tasks(
        self, value: Json, place: Place, scope: str | None = None
    ) -> tuple[str, ...]:
        """Read a list of tasks, or an object of them; returns their names."""
        names = [
            name
            for at, name, document in self._documents(value, place)
            if self._task(at, name, document, scope)
        ]
        if not names and not self._has_problem_below(place):
            self.add(place, "must have at least one task")
        return tuple(names)

    def _has_problem_below(self, place: Place) -> bool:
        return any(each.startswith(format_place(place)) for each in self.problems)

    def _documents(
        self, value: Json, place: Place
    ) -> Iterator[tuple[Place, str, JsonObject]]:
        if isinstance(value, dict):
            for name, item in value.items():
                document = self.object(item, (*place, name))
                yield (*place, name), name, {"name": name, **document}
        elif isinstance(value, list):
            for at, item in enumerate(value):
                document = self.object(item, (*place, at))
                given = self._name_of(item, document, (*place, at))
                if given is not None:
                    yield (*place, at), given, document
        elif value is not None:
            self.add(place, f"must be a list of tasks, not {type_name(value)}")

    def _name_of(self, item: Json, document: JsonObject, place: Place) -> str | None:
        if not isinstance(item, dict):
            if item is None:
                self.add(place, "must be an object, not null")
            return None
        return self.name(document.get("name"), (*place, "name"))

    def _task(
        self, place: Place, name: str, document: JsonObject, scope: str | None
    ) -> bool:
        if name in self._places:
            first = format_place(self._places[name])
            self.add((*place, "name"), f"'{name}' is the name of {first} already")
            return False
        self._places[name] = place
        self._warn_of_slips(document, place)
        task = Task(
            name=name,
            place=place,
            scope=scope,
            when=self._when(document, place),
            delay=self.amount(document.get("delay"), (*place, "delay"), _SECONDS),
            publish=self.publications(document.get("publish"), (*place, "publish")),
            transitions=read_transitions(self, document, place),
        )
        # It comes before those nested in it, as it does in the document.
        self.draft.tasks[name] = task
        self.draft.tasks[name] = self._with_content(task, document)
        self._join(document.get("join"), (*place, "join"), name)
        return True

    def _warn_of_slips(self, document: JsonObject, place: Place) -> None:
        if len(self.warnings) > _MOST_SLIPS or len(document) > 2 * len(_KEYS):
            return
        for key in sorted(document.keys() - _KEYS):
            close = get_close_matches(key, _KEYS, n=1, cutoff=0.8)
            if close:
                at = format_place((*place, key))
                self.warnings.append(f"{at}: is not read; did you mean '{close[0]}'?")

    def _when(self, document: JsonObject, place: Place) -> Condition | None:
        when = document.get("when")
        return None if when is None else self.condition(when, (*place, "when"))

    def _join(self, value: Json, place: Place, name: str) -> None:
        if value is None:
            return
        problem = Bounds(least=1, is_whole=True).problem(value)
        if value == ALL or (isinstance(value, int) and problem is None):
            self.draft.joins[name] = ALL if value == ALL else int(str(value))
        else:
            self.add(place, "must be a whole number of at least 1, or 'all'")

    def _with_content(self, task: Task, document: JsonObject) -> Task:
        place = task.place
        kind = self.choice(
            document.get("type"), (*place, "type"), _TaskType, _TaskType.ACTION
        )
        if document.get("tasks") is not None:
            return self._with_nested(task, document)
        if kind is _TaskType.PARALLEL:
            self.add((*place, "tasks"), "a parallel task needs tasks")
            return task
        return self._with_action(task, document)

    def _with_nested(self, task: Task, document: JsonObject) -> Task:
        for key in _ONLY_ACTIONS:
            if document.get(key) is not None:
                self.add((*task.place, key), "has no meaning for nested tasks")
        nested = self.tasks(document["tasks"], (*task.place, "tasks"), task.name)
        return replace(task, nested=nested)

    def _with_action(self, task: Task, document: JsonObject) -> Task:
        place = task.place
        return replace(
            task,
            action_ref=self._action(document.get("action"), (*place, "action")),
            input=self._input(document.get("input"), (*place, "input")),
            with_items=self._items(document.get("with_items"), (*place, "with_items")),
            concurrency=self.amount(
                document.get("concurrency"), (*place, "concurrency"), _COUNT
            ),
            batch_size=self.amount(
                document.get("batch_size"), (*place, "batch_size"), _COUNT
            ),
            timeout=self.amount(
                document.get("timeout"), (*place, "timeout"), Bounds(least=1)
            ),
            retry=self._retry(document.get("retry"), (*place, "retry")),
            terms=self._terms(document, place),
        )

    def _action(self, value: Json, place: Place) -> str | None:
        if not isinstance(value, str) or not value:
            self.add(place, "must be the ref of an action")
            return None
        try:
            is_whole = "." in value or not self._pack_ref
            return value if is_whole else qualify(value, self._pack_ref)
        except InvalidInput as wrong:
            self.add(place, wrong.message)
            return value

    def _input(self, value: Json, place: Place) -> Templated | None:
        given = self.object(value, place)
        return self.value(given, place) if given else None

    def _items(self, value: Json, place: Place) -> Templated | None:
        if value is None:
            return None
        is_text = isinstance(value, str) and is_template(value)
        if not is_text and not isinstance(value, list):
            self.add(place, "must be a list, or a template that gives one")
        return self.value(value, place)

    def _retry(self, value: Json, place: Place) -> Retry | None:
        if value is None:
            return None
        document = self.object(value, place)
        bounds = Bounds(least=1, most=MAX_RETRIES, is_whole=True)
        count = self.amount(document.get("count"), (*place, "count"), bounds)
        if document.get("count") is None and isinstance(value, dict):
            self.add((*place, "count"), f"must be {bounds.wanted}")
        on_error = document.get("on_error")
        condition = on_error is not None and self.condition(
            on_error, (*place, "on_error"), TRANSITION_FUNCTIONS
        )
        delays = {
            key: self.amount(document.get(key), (*place, key), _SECONDS)
            for key in ("delay", "max_delay")
        }
        backoff = self.choice(
            document.get("backoff"), (*place, "backoff"), Backoff, Backoff.CONSTANT
        )
        if count is None:
            return None
        return Retry(count=count, backoff=backoff, on_error=condition or None, **delays)

    def _terms(self, document: JsonObject, place: Place) -> Terms:
        selector = document.get("worker_selector")
        affinity = document.get("worker_affinity")
        return Terms(
            permission_set_refs=self._refs(document, place),
            worker_selector=None
            if selector is None
            else self.object(selector, (*place, "worker_selector")),
            worker_tolerations=self._tolerations(document, place),
            worker_affinity=None
            if affinity is None
            else self.object(affinity, (*place, "worker_affinity")),
        )

    def _refs(self, document: JsonObject, place: Place) -> list[str] | None:
        value = document.get("permission_set_refs")
        if value is None:
            return None
        return list(self.names(value, (*place, "permission_set_refs")))

    def _tolerations(
        self, document: JsonObject, place: Place
    ) -> list[JsonObject] | None:
        value, at = document.get("worker_tolerations"), (*place, "worker_tolerations")
        if value is None:
            return None
        return [self.object(item, where) for where, item in self.listed(value, at)]
