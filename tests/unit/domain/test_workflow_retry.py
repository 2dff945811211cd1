"""Further attempts, delays and time limits of a task."""

from typing import Any

import pytest

from attune.domain.execution import ExecutionStatus
from attune.domain.workflow_attempt import delay_of
from attune.domain.workflow_event import Run
from attune.domain.workflow_task import Backoff
from tests.support.workflow_play import Answer, Play, play

COMPLETED, FAILED = ExecutionStatus.COMPLETED, ExecutionStatus.FAILED
A: Any = {"action": "a.b"}


def failing(times: int, answer: Answer = FAILED) -> Any:
    return lambda run: answer if run.retry_count < times else COMPLETED


def retried(times: int, answer: Answer = FAILED, **retry: Any) -> Play:
    task = {**A, "retry": {"count": 3, **retry}, "next": "after"}
    definition = {"tasks": {"a": task, "after": {**A, "when": "true"}}}
    return play(
        definition,
        answer=lambda run: (
            failing(times, answer)(run) if run.task == "a" else COMPLETED
        ),
    )


def test_a_failure_is_attempted_again_until_it_succeeds() -> None:
    played = retried(2)

    runs = [(r.run, r.retry_count, r.first_execution_id) for r in played.runs_of("a")]
    assert runs == [(1, 0, None), (1, 1, 1), (1, 2, 1)]
    assert {run.max_retries for run in played.runs_of("a")} == {3}
    assert played.ran[-1] == "after"
    assert played.conclusion.status is COMPLETED


def test_after_the_last_attempt_it_has_failed() -> None:
    played = retried(9)

    assert played.ran == ["a", "a", "a", "a", "after"]
    assert played.tasks["a"].status == FAILED
    assert played.tasks["a"].execution_id == 4


def test_success_is_not_attempted_again() -> None:
    assert retried(0).ran == ["a", "after"]


@pytest.mark.parametrize(
    ("status", "attempts"),
    [
        (ExecutionStatus.TIMEOUT, 4),
        (ExecutionStatus.ABANDONED, 4),
        (ExecutionStatus.CANCELLED, 1),
    ],
)
def test_what_was_cancelled_is_not_attempted_again(
    status: ExecutionStatus, attempts: int
) -> None:
    assert len(retried(9, status).runs_of("a")) == attempts


@pytest.mark.parametrize(
    ("retry", "seconds"),
    [
        ({"delay": 1, "backoff": "exponential"}, [1, 2, 4]),
        ({"delay": 1, "backoff": "exponential", "max_delay": 3}, [1, 2, 3]),
        ({"delay": 2, "backoff": "linear"}, [2, 4, 6]),
        ({"delay": 1.5}, [1.5, 1.5, 1.5]),
        ({"delay": "{{ parameters.delay }}", "backoff": "constant"}, [7, 7, 7]),
        ({}, []),
        ({"delay": 0}, []),
    ],
    ids=str,
)
def test_attempts_wait_as_long_as_they_should(retry: Any, seconds: list[float]) -> None:
    task = {**A, "retry": {"count": 3, **retry}}
    played = play(
        {"tasks": {"a": task}}, answer=lambda _: FAILED, parameters={"delay": 7}
    )

    assert [wait.seconds for wait in played.all_waits] == seconds
    assert [wait.retry_count for wait in played.all_waits] == [1, 2, 3][: len(seconds)]
    assert len(played.ran) == 4


def test_the_longest_backoff_is_a_number_of_seconds() -> None:
    assert delay_of(Backoff.EXPONENTIAL, 3600, 100) == 315_360_000


@pytest.mark.parametrize(
    ("on_error", "attempts"),
    [
        ("{{ result().code == 503 }}", 2),
        ("{{ result().code == 404 }}", 1),
        ("failed() and not timed_out()", 2),
        ("timed_out()", 1),
        ("parameters.patient", 2),
    ],
)
def test_only_what_on_error_says_is_attempted_again(
    on_error: str, attempts: int
) -> None:
    task = {**A, "retry": {"count": 1, "on_error": on_error}}
    played = play(
        {"tasks": {"a": task}},
        answer=lambda _: (FAILED, {"code": 503}),
        parameters={"patient": True},
    )

    assert len(played.ran) == attempts


def test_an_attempt_sees_the_variables_as_they_are_by_then() -> None:
    tasks: Any = {
        "a": {**A, "retry": {"count": 1, "delay": 5}, "input": {"n": "{{ n }}"}},
        "b": {**A, "publish": {"n": 2}},
    }
    played = play(
        {"vars": {"n": 1}, "tasks": tasks},
        answer=lambda run: failing(1)(run) if run.task == "a" else COMPLETED,
    )

    assert [run.parameters for run in played.runs_of("a")] == [{"n": 1}, {"n": 2}]


def test_the_first_start_is_delayed_and_no_attempt_after_it() -> None:
    task = {**A, "delay": "{{ 2 * 3 }}", "retry": {"count": 1}}
    played = play({"tasks": {"a": task}}, answer=failing(1))

    assert [wait.seconds for wait in played.all_waits] == [6]
    assert len(played.ran) == 2


def test_what_a_delayed_task_reads_is_read_when_its_time_has_come() -> None:
    tasks: Any = {
        "a": {**A, "next": "late"},
        "b": {**A, "publish": {"n": 2}},
        "late": {**A, "delay": 9, "input": {"n": "{{ n }}"}},
    }
    played = play({"vars": {"n": 1}, "tasks": tasks})

    assert played.runs_of("late")[0].parameters == {"n": 2}
    assert played.runs_of("late")[0].triggered_by == "a"


@pytest.mark.parametrize(
    ("timeout", "seconds"),
    [(None, None), (5, 5), (2.5, 3), ("{{ parameters.t }}", 30)],
    ids=str,
)
def test_the_time_limit_comes_with_the_order(timeout: Any, seconds: int | None) -> None:
    played = play({"tasks": {"a": {**A, "timeout": timeout}}}, parameters={"t": 29.1})

    assert played.runs_of("a")[0].timeout_seconds == seconds


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"input": {"x": ["{{ 1 / 0 }}"]}}, "tasks.a.input.x[0]: divides by zero"),
        ({"timeout": "{{ 'long' }}"}, "tasks.a.timeout: must be a number from 1 to"),
        ({"timeout": "{{ 0 }}"}, "tasks.a.timeout: must be a number from 1 to"),
        ({"delay": "{{ nothing }}"}, "tasks.a.delay: must be a number from 0"),
        ({"retry": {"count": "{{ 0 }}"}}, "tasks.a.retry.count: must be a whole"),
        ({"with_items": [1], "concurrency": "{{ 0 }}"}, "tasks.a.concurrency: must be"),
    ],
    ids=str,
)
def test_what_cannot_be_made_is_a_failed_execution(fields: Any, problem: str) -> None:
    definition = {"tasks": {"a": {**A, **fields, "on_failure": "b"}, "b": A}}
    played = play(definition)

    first: Run = played.runs_of("a")[0]
    assert (first.problem or "").startswith(problem)
    assert first.parameters == {}
