"""Loops: a task runs again each time something leads back to it, within a limit."""

from typing import Any

from attune.domain.execution import ExecutionStatus
from tests.support.workflow_play import play

A: Any = {"action": "a.b"}
COUNTED: Any = {"publish": {"n": "{{ n + 1 }}"}}


def test_a_task_may_lead_to_itself() -> None:
    loop = {
        **A,
        **COUNTED,
        "input": {"n": "{{ n }}"},
        "next": {"when": "n < 3", "do": "a"},
    }
    played = play({"vars": {"n": 0}, "tasks": {"a": loop}})

    assert [run.parameters for run in played.runs_of("a")] == [
        {"n": 0},
        {"n": 1},
        {"n": 2},
    ]
    assert [run.run for run in played.runs_of("a")] == [1, 2, 3]


def test_a_transition_may_lead_back() -> None:
    tasks: Any = {
        "start": {**A, "next": "check"},
        "check": {
            **A,
            **COUNTED,
            "decision": [{"when": "n < 3", "next": "wait"}, {"default": "done"}],
        },
        "wait": {**A, "delay": 10, "next": "check"},
        "done": {**A, "input": {"seen": "{{ task.wait.status }}"}},
    }
    played = play({"vars": {"n": 0}, "tasks": tasks})

    assert played.ran == ["start", "check", "wait", "check", "wait", "check", "done"]
    assert [wait.seconds for wait in played.all_waits] == [10, 10]


def test_a_loop_without_an_end_ends_with_an_error() -> None:
    played = play({"tasks": {"a": {**A, "next": "a"}, "b": A}}, max_task_runs=5)

    assert played.ran.count("a") == 5
    assert played.conclusion.status is ExecutionStatus.FAILED
    assert played.conclusion.error == (
        "Workflow failed: Task 'a' has run 5 times: is this a loop without an end?"
    )


def test_a_loop_of_skipped_tasks_ends_too() -> None:
    skipped = {**A, "when": "false"}
    tasks: Any = {
        "start": {**A, "next": "a"},
        "a": {**skipped, "next": "b"},
        "b": {**skipped, "next": "a"},
    }
    played = play({"tasks": tasks}, max_task_runs=50)

    assert played.ran == ["start"]
    assert "is this a loop without an end?" in str(played.conclusion.error)


def test_the_newest_result_is_the_one_that_is_seen() -> None:
    loop = {
        **A,
        **COUNTED,
        "input": {"before": "{{ task.a.result.n }}"},
        "next": {"when": "n < 3", "do": "a"},
    }
    count = iter(range(1, 10))
    played = play(
        {"vars": {"n": 0}, "tasks": {"a": loop}}, answer=lambda _: {"n": next(count)}
    )

    assert [run.parameters for run in played.runs_of("a")] == [
        {"before": None},
        {"before": 1},
        {"before": 2},
    ]
