"""How a workflow ends: its status, its result and what it says of failures."""

from typing import Any

import pytest

from attune.domain.execution import ExecutionStatus
from attune.domain.workflow_event import Conclusion
from tests.support.workflow_play import Play, answers, play

COMPLETED, FAILED = ExecutionStatus.COMPLETED, ExecutionStatus.FAILED
A: Any = {"action": "a.b"}


def error_of(played: Play) -> str:
    return played.conclusion.error or ""


def test_success_has_the_fields_of_the_output_map() -> None:
    played = play(
        {
            "vars": {"v": [1]},
            "tasks": {"a": A, "skipped": {**A, "when": "false"}},
            "output_map": {
                "result": "{{ task.a.result.n }}",
                "text": "{{ tasks.a.status }} and {{ task.skipped.status }}",
                "v": "{{ v }}",
                "plain": {"x": [1]},
                "who": "{{ parameters.who }}",
            },
        },
        answer=answers(a={"n": 5}),
        parameters={"who": "Ada"},
    )

    assert played.conclusion == Conclusion(
        status=COMPLETED,
        result={
            "succeeded": True,
            "result": 5,
            "text": "completed and skipped",
            "v": [1],
            "plain": {"x": [1]},
            "who": "Ada",
        },
    )


def test_one_failure_is_told_with_its_reason() -> None:
    failure: Any = (FAILED, {"error": "no space left", "succeeded": False})
    played = play({"tasks": {"a": A, "b": A}}, answer=answers(a=failure))

    error = "Workflow failed: 1 task(s) failed: a: no space left"
    assert played.conclusion == Conclusion(
        status=FAILED,
        error=error,
        result={
            "error": error,
            "succeeded": False,
            "failed_tasks": [{"task": "a", "error": "no space left"}],
        },
    )


def test_several_failures_are_told_by_name() -> None:
    played = play({"tasks": {"a": A, "b": A}}, answer=lambda _: FAILED)

    assert error_of(played) == "Workflow failed: 2 task(s) failed: a, b"
    assert played.conclusion.result["failed_tasks"] == [
        {"task": "a", "error": "failed"},
        {"task": "b", "error": "failed"},
    ]


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (ExecutionStatus.TIMEOUT, "timed out"),
        (ExecutionStatus.CANCELLED, "was cancelled"),
        (ExecutionStatus.ABANDONED, "was abandoned"),
    ],
)
def test_a_failure_without_a_text_is_told_by_its_status(
    status: ExecutionStatus, text: str
) -> None:
    played = play({"tasks": {"a": A}}, answer=lambda _: status)

    assert error_of(played) == f"Workflow failed: 1 task(s) failed: a: {text}"


def test_of_many_failures_the_first_are_told_and_all_are_counted() -> None:
    tasks: Any = {f"t{at:02}": A for at in range(30)}
    played = play({"tasks": tasks}, answer=lambda _: FAILED)

    assert error_of(played).startswith("Workflow failed: 30 task(s) failed: t00, t01")
    assert error_of(played).endswith("t19 and 10 more")
    assert len(played.state.failures) == 20


def test_a_task_that_fails_twice_is_told_once() -> None:
    tasks: Any = {
        "a": {**A, "next": "c"},
        "b": {**A, "next": "c"},
        "c": A,
    }
    played = play({"tasks": tasks}, answer=answers(c=FAILED))

    assert played.ran == ["a", "b", "c", "c"]
    assert error_of(played) == "Workflow failed: 1 task(s) failed: c: failed"


def test_an_output_that_cannot_be_made_is_a_failure() -> None:
    played = play({"tasks": {"a": A}, "output_map": {"x": "{{ 1 / 0 }}"}})

    assert error_of(played) == "Workflow failed: output_map.x: divides by zero"


def test_no_output_is_made_after_a_failure() -> None:
    played = play(
        {"tasks": {"a": A}, "output_map": {"x": "{{ 1 / 0 }}"}}, answer=lambda _: FAILED
    )

    assert error_of(played) == "Workflow failed: 1 task(s) failed: a: failed"


def test_variables_that_cannot_be_made_are_a_failure_before_anything_starts() -> None:
    played = play({"vars": {"v": "{{ 1 + 'a' }}"}, "tasks": {"a": A}})

    assert played.ran == []
    assert error_of(played).startswith("Workflow failed: vars.v: '+' cannot take")


def test_the_variables_are_templates_and_see_those_before_them() -> None:
    played = play(
        {
            "vars": {
                "a": "{{ parameters.x }}",
                "b": "{{ a + 1 }}",
                "c": "{{ config.c }} {{ system.workflow_ref }}",
                "d": ["{{ b }}"],
            },
            "tasks": {"t": A},
        },
        parameters={"x": 1},
        config={"c": "see"},
    )

    assert played.state.variables == {"a": 1, "b": 2, "c": "see a.b", "d": [2]}
