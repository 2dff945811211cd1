"""A task whose own condition does not hold is skipped, and the way goes on."""

from typing import Any

import pytest

from attune.domain.execution import ExecutionStatus
from tests.support.workflow_play import play

COMPLETED, FAILED = ExecutionStatus.COMPLETED, ExecutionStatus.FAILED
A: Any = {"action": "a.b"}


@pytest.mark.parametrize(("when", "ran"), [("true", ["a", "b"]), ("false", ["b"])])
def test_what_follows_a_skipped_task_is_what_follows_success(
    when: str, ran: list[str]
) -> None:
    tasks: Any = {
        "a": {**A, "when": when, "on_success": "b", "on_failure": "c"},
        "b": A,
        "c": A,
    }
    played = play({"tasks": tasks})

    assert played.ran == ran
    assert played.conclusion.status is COMPLETED


def test_a_skipped_task_has_no_result_even_if_it_had_one() -> None:
    loop = {
        **A,
        "when": "n == 0",
        "publish": {"n": "{{ n + 1 }}"},
        "next": {"when": "n < 2", "do": "a"},
    }
    played = play(
        {
            "vars": {"n": 0},
            "tasks": {"a": {**loop, "next": [*[loop["next"]], "b"]}, "b": A},
            "output_map": {"r": "{{ task.a.result }}", "s": "{{ task.a.status }}"},
        },
        answer=lambda _: {"x": 1},
    )

    assert played.conclusion.result == {"succeeded": True, "r": None, "s": "skipped"}


def test_the_condition_sees_parameters_variables_and_tasks() -> None:
    tasks: Any = {
        "a": {**A, "next": ["b", "c", "d"]},
        "b": {**A, "when": "{{ task.a.result.go and parameters.go and v }}"},
        "c": {**A, "when": "task.a.status == 'failed'"},
        "d": {**A, "when": True},
    }
    played = play(
        {"vars": {"v": 1}, "tasks": tasks},
        answer=lambda _: {"go": True},
        parameters={"go": True},
    )

    assert played.ran == ["a", "b", "d"]


def test_a_condition_that_cannot_be_evaluated_fails_the_workflow() -> None:
    played = play({"tasks": {"a": {**A, "when": "1 < 'a'"}}})

    assert str(played.conclusion.error).startswith(
        "Workflow failed: Task 'a': tasks.a.when: '<' cannot take"
    )


def test_a_skipped_task_arrives_at_a_join() -> None:
    tasks: Any = {
        "a": {**A, "next": "x"},
        "b": {**A, "when": "false", "next": "x"},
        "x": {**A, "join": "all"},
    }

    assert play({"tasks": tasks}).ran == ["a", "x"]


def test_a_skipped_task_is_not_delayed() -> None:
    assert play({"tasks": {"a": {**A, "when": "false", "delay": 5}}}).all_waits == []


def test_a_long_row_of_skipped_tasks_is_gone_through() -> None:
    count = 300
    tasks: Any = {
        f"t{at}": {**A, "when": "false", "next": f"t{at + 1}"} for at in range(count)
    }
    played = play({"tasks": {**tasks, f"t{count}": A}})

    assert played.ran == [f"t{count}"]
