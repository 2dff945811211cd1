"""A workflow drawn as text: each task, what it runs, and where it leads."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from attune.cli.document import JsonObject

_LEGACY: Final = {
    "on_success": "succeeded()",
    "on_failure": "failed()",
    "on_timeout": "timed_out()",
    "on_complete": "",
}
_NOTES: Final = (
    ("when", "if {}"),
    ("with_items", "for each of {}"),
    ("concurrency", "{} at once"),
    ("batch_size", "in batches of {}"),
    ("join", "waits for {}"),
    ("retry", "{} more attempts"),
    ("delay", "after {} s"),
    ("timeout", "within {} s"),
)


@dataclass(frozen=True)
class _Edge:
    """One way out of a task."""

    condition: str
    targets: list[str]
    publishes: list[str] = field(default_factory=list)

    def text(self) -> str:
        led = ", ".join(self.targets) or "the end"
        told = f"  (publishes {', '.join(self.publishes)})" if self.publishes else ""
        return " ".join(filter(None, (self.condition, "─▶", led))) + told


def draw(definition: JsonObject) -> str:
    """Return the drawing; what starts first has a full circle."""
    return "\n".join(_scope(_tasks(definition)))


def _scope(tasks: list[JsonObject]) -> Iterator[str]:
    edges = {_name(task): list(_edges(task)) for task in tasks}
    reached = {t for found in edges.values() for edge in found for t in edge.targets}
    width = max((len(name) for name in edges), default=0)
    runs = max((len(_runs(task)) for task in tasks), default=0)
    by_name = {_name(task): task for task in tasks}
    for name in _in_order(edges, [name for name in edges if name not in reached]):
        task = by_name[name]
        mark = "○" if name in reached else "●"
        line = f"{mark} {name:<{width}}  {_runs(task):<{runs}}  {_notes(task)}"
        yield line.rstrip()
        yield from (f"  │ {each}" for each in _scope(_tasks(task)))
        yield from _branches(edges[name])


def _branches(edges: list[_Edge]) -> Iterator[str]:
    for number, edge in enumerate(edges, 1):
        yield f"  {'└─' if number == len(edges) else '├─'} {edge.text()}"


def _in_order(edges: dict[str, list[_Edge]], entries: Iterable[str]) -> Iterator[str]:
    """Give the names as they are reached, and then those that never are."""
    waiting, rest = deque(entries), deque(edges)
    unseen = set(edges)
    while waiting or rest:
        name = (waiting or rest).popleft()
        if name in unseen:
            unseen.remove(name)
            yield name
            waiting.extend(target for edge in edges[name] for target in edge.targets)


def _edges(task: JsonObject) -> Iterator[_Edge]:
    for each in _listed(task.get("next")):
        if isinstance(each, dict):
            publishes = [*_published(each.get("publish"))]
            yield _Edge(_bare(each.get("when")), _names(each.get("do")), publishes)
        else:
            yield _Edge("", _names(each))
    for each in _objects(task.get("decision")):
        default = each.get("default")
        condition = "otherwise" if default else _bare(each.get("when"))
        is_named = isinstance(default, str | list)
        yield _Edge(condition, _names(default if is_named else each.get("next")))
    for key, condition in _LEGACY.items():
        if task.get(key):
            yield _Edge(condition, _names(task[key]))


def _tasks(holder: JsonObject) -> list[JsonObject]:
    """Return the tasks of a workflow or of a task, listed or by name."""
    tasks = holder.get("tasks")
    if isinstance(tasks, dict):
        by_name = {name: task for name, task in tasks.items() if isinstance(task, dict)}
        return [{"name": name, **task} for name, task in by_name.items()]
    return _objects(tasks)


def _published(publish: Any) -> Iterator[str]:
    for each in _listed(publish):
        yield from map(str, each if isinstance(each, dict) else [each])


def _runs(task: JsonObject) -> str:
    return str(task.get("action") or task.get("type") or "")


def _notes(task: JsonObject) -> str:
    given = ((pattern, _bare(task.get(key))) for key, pattern in _NOTES)
    return ", ".join(pattern.format(value) for pattern, value in given if value)


def _name(task: JsonObject) -> str:
    return str(task.get("name"))


def _bare(value: Any) -> str:
    """Return a value as it is said in a sentence."""
    if isinstance(value, dict):
        value = value.get("count")
    if value is None:
        return ""
    text = " ".join(str(value).split())
    inner = text.removeprefix("{{").removesuffix("}}")
    return text if "{{" in inner else inner.strip()


def _names(value: Any) -> list[str]:
    return [str(each) for each in _listed(value)]


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _objects(value: Any) -> list[JsonObject]:
    return [each for each in _listed(value) if isinstance(each, dict)]
