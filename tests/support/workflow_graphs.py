"""Random workflows, and random fates for them."""

from typing import Any

from hypothesis import strategies as st

from attune.domain.execution import ExecutionStatus
from attune.domain.json import JsonObject
from attune.domain.workflow_event import Run
from tests.support.workflow_play import Answer

ENDS = [
    ExecutionStatus.COMPLETED,
    ExecutionStatus.COMPLETED,
    ExecutionStatus.COMPLETED,
    ExecutionStatus.FAILED,
    ExecutionStatus.TIMEOUT,
    ExecutionStatus.CANCELLED,
]
WHENS = [None, "succeeded()", "{{ failed() }}", "timed_out()", "flip", "not flip"]


@st.composite
def definitions(draw: st.DrawFn, *, has_loops: bool = True) -> JsonObject:
    """Definitions that can be compiled, with everything that the language has."""
    tasks = draw(_levels("t", 2, has_loops=has_loops))
    return {"tasks": tasks, "vars": {"flip": draw(st.booleans()), "n": 0}}


@st.composite
def _levels(draw: st.DrawFn, prefix: str, depth: int, *, has_loops: bool) -> list[Any]:
    count = draw(st.integers(1, 5))
    names = [f"{prefix}{at}" for at in range(count)]
    tasks = []
    for at, name in enumerate(names):
        # Nothing leads to the first, so that something can start.
        targets = names[1:] if has_loops else names[at + 1 :]
        task: dict[str, Any] = {"name": name, "next": draw(_transitions(targets))}
        task |= draw(_options)
        if depth and draw(st.integers(0, 3)) == 0:
            task["tasks"] = draw(_levels(f"{name}_", depth - 1, has_loops=has_loops))
        else:
            task |= {"action": "a.b"} | draw(_action_options)
        tasks.append(task)
    for task in tasks:
        before = {
            each["name"]
            for each in tasks
            for transition in each["next"]
            if task["name"] in transition["do"] and each is not task
        }
        is_join = draw(st.booleans())
        if before and is_join:
            task["join"] = draw(st.sampled_from(["all", *range(1, len(before) + 1)]))
    return tasks


def _transitions(targets: list[str]) -> st.SearchStrategy[list[Any]]:
    return st.lists(
        st.fixed_dictionaries(
            {
                "when": st.sampled_from(WHENS),
                "do": st.lists(st.sampled_from(targets), max_size=3)
                if targets
                else st.just([]),
                "publish": st.sampled_from(
                    [None, {"flip": "{{ not flip }}"}, ["flip"], {"n": "{{ n + 1 }}"}]
                ),
            }
        ),
        max_size=3,
    )


def _some(**options: list[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {},
        optional={name: st.sampled_from(values) for name, values in options.items()},
    )


_options = _some(
    when=["flip", "not flip", "true", "n < 3"],
    delay=[0, 5],
    publish=[{"flip": "{{ not flip }}"}],
)
_action_options = _some(
    with_items=[[], [1], [1, 2, 3], "{{ range(0, 5) }}", "{{ n }}"],
    concurrency=[1, 2, 10],
    batch_size=[1, 2, 3],
    retry=[
        {"count": 1},
        {"count": 2, "delay": 3, "backoff": "linear"},
        {"count": 1, "on_error": "timed_out()"},
    ],
    input=[
        {"a": "{{ task }}"},
        {"a": "{{ task.t0.result.field }}", "b": "{{ task.t1.status }}"},
        {"a": "{{ n + 'text' }}"},
    ],
)


class Fate:
    """Ends and an order of ends, drawn once and the same for every play."""

    def __init__(self, ends: list[ExecutionStatus]) -> None:
        self._ends = ends
        self._count = 0

    def __call__(self, _: Run) -> Answer:
        self._count += 1
        status = self._ends[self._count % len(self._ends)]
        return status, {"field": self._count, "error": f"error {self._count}"}

    def choose(self, count: int) -> int:
        """Return which of so many things happens next."""
        self._count += 1
        return (self._count * 7919 + len(self._ends)) % count


ends = st.lists(st.sampled_from(ENDS), min_size=1, max_size=12)
