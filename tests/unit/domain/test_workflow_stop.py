"""A workflow that is cancelled: what runs may end, and nothing starts any more."""

from typing import Any

import pytest

from attune.domain.execution import ExecutionStatus
from attune.domain.workflow_definition import compile_workflow
from attune.domain.workflow_event import Begin, DropTimers
from tests.support.workflow_play import COMPLETED, FAILED, Answer, Play

CANCELLED = ExecutionStatus.CANCELLED
A: Any = {"action": "a.b"}


def stopped(**tasks: Any) -> Play:
    begun = Play(compile_workflow({"tasks": tasks}))
    begun.feed(Begin())
    begun.stop()
    return begun


@pytest.mark.parametrize("answer", [COMPLETED, FAILED, CANCELLED])
def test_nothing_follows_what_ends_after_it(answer: Answer) -> None:
    begun = stopped(a={**A, "next": "b", "retry": {"count": 3}}, b=A)

    assert begun.conclusions == []
    begun.end(begun.child("a"), answer)

    assert begun.ran == ["a"]
    assert begun.conclusion.status is CANCELLED
    assert begun.conclusion.error == "Workflow was cancelled"
    assert begun.tasks["a"].status == _status(answer)


def _status(answer: Answer) -> str:
    assert isinstance(answer, ExecutionStatus)
    return answer


def test_the_items_that_have_not_started_do_not_start() -> None:
    begun = stopped(a={**A, "with_items": [1, 2, 3, 4], "concurrency": 2})

    begun.play_on()

    assert len(begun.ran) == 2
    assert begun.tasks["a"].status == CANCELLED
    assert begun.conclusion.status is CANCELLED


def test_what_waits_for_its_time_is_over_at_once() -> None:
    begun = stopped(
        a={**A, "delay": 1_000_000},
        s={"tasks": {"b": {**A, "delay": 1_000_000}}},
        i={**A, "delay": 5, "with_items": [1]},
    )

    assert any(isinstance(order, DropTimers) for order in begun.orders)
    assert begun.ran == []
    assert begun.conclusion.status is CANCELLED


def test_an_attempt_that_waits_is_over_at_once() -> None:
    retry: Any = {"count": 2, "delay": 1_000_000}
    begun = Play(
        compile_workflow(
            {
                "tasks": {
                    "a": {**A, "retry": retry},
                    "b": {**A, "retry": retry, "with_items": [1, 2]},
                }
            }
        )
    )
    begun.feed(Begin())
    begun.end(begun.child("a"), FAILED)
    begun.end(begun.child("b"), FAILED)
    begun.stop()

    assert begun.conclusion.status is CANCELLED


def test_a_workflow_that_has_not_begun_is_over_at_once() -> None:
    play = Play(compile_workflow({"tasks": {"a": A}}))
    play.stop()

    assert play.ran == []
    assert play.conclusion.status is CANCELLED


def test_an_error_stops_the_others_and_drops_what_waits() -> None:
    tasks: Any = {
        "bad": {**A, "next": {"when": "1 / 0", "do": "b"}},
        "late": {**A, "delay": 1_000_000},
        "b": {**A, "next": "c"},
        "other": {**A, "next": "c"},
        "c": A,
    }
    begun = Play(compile_workflow({"tasks": tasks}))
    begun.feed(Begin())
    begun.end(begun.child("bad"))
    begun.end(begun.child("other"))

    assert begun.ran == ["bad", "other"]
    assert begun.conclusion.status is FAILED
    assert "divides by zero" in str(begun.conclusion.error)


def test_an_end_that_nobody_waits_for_is_refused() -> None:
    begun = stopped(a=A)
    child = begun.child("a")
    begun.end(child)
    begun.open.append(child)

    with pytest.raises(RuntimeError, match="did not run"):
        begun.end(child)
