"""The cost of a step does not grow with the size of the workflow."""

import time
from typing import Any

from attune.domain.workflow_check import check_workflow
from attune.domain.workflow_definition import compile_workflow
from tests.support.cpu_time import at_most
from tests.support.workflow_play import Play

A: Any = {"action": "a.b"}


def loop(turns: int) -> dict[str, Any]:
    task = {
        **A,
        "input": {"n": "{{ n }}", "before": "{{ task.a.result.n }}"},
        "publish": {"n": "{{ n + 1 }}"},
        "next": {"when": f"succeeded() and n < {turns}", "do": "a"},
    }
    return {"vars": {"n": 0}, "tasks": {"a": task}}


def wide(count: int, rounds: int) -> dict[str, Any]:
    middle = {
        f"t{at}": {**A, "input": {"x": "{{ task.start.result.x }}"}, "next": "end"}
        for at in range(count)
    }
    back = {"when": f"n < {rounds}", "do": list(middle)}
    end = {**A, "join": "all", "publish": {"n": "{{ n + 1 }}"}, "next": back}
    tasks: Any = {"start": {**A, "next": list(middle)}, **middle, "end": end}
    return {"vars": {"n": 0}, "tasks": tasks}


def items(count: int) -> dict[str, Any]:
    task = {**A, "with_items": f"{{{{ range(0, {count}) }}}}", "concurrency": 10}
    return {"tasks": {"a": {**task, "input": {"i": "{{ item }}", "n": "{{ index }}"}}}}


def seconds(definition: dict[str, Any], executions: int) -> float:
    workflow = compile_workflow(definition)
    play = Play(workflow, lambda _: {"x": 1}, is_quick=True, max_task_runs=20_000)
    started = time.process_time()
    play.play()
    spent = time.process_time() - started
    assert len(play.children) == executions
    assert play.conclusion.error is None
    return spent


def test_ten_thousand_turns_of_a_loop_take_less_than_ten_seconds() -> None:
    assert seconds(loop(10_000), 10_000) < 10


def test_ten_rounds_of_a_thousand_tasks_take_less_than_ten_seconds() -> None:
    assert seconds(wide(1_000, 10), 10_011) < 10


def test_a_thousand_items_take_less_than_twelve_times_as_long_as_a_hundred() -> None:
    # As long a measurement for one as for the other, by turns, and the best of each:
    # others use the machine too.
    rounds = [
        (sum(seconds(items(100), 100) for _ in range(10)), seconds(items(1_000), 1_000))
        for _ in range(8)
    ]
    ten_times_few, many = map(min, zip(*rounds, strict=True))

    assert many < 1.2 * ten_times_few


def test_a_task_in_a_wide_workflow_costs_what_it_costs_in_a_narrow_one() -> None:
    narrow = min(seconds(wide(100, 5), 506) for _ in range(3)) / 506
    broad = min(seconds(wide(1_000, 2), 2_003) for _ in range(3)) / 2_003

    assert broad < 3 * narrow


def test_a_large_definition_is_checked_in_a_few_seconds() -> None:
    definition = wide(1_000, 2)

    with at_most(5):
        check_workflow(definition, {}, None, "demo")
