"""Running a workflow again: what succeeded is kept, what follows runs again."""

from typing import Any

import pytest

from attune.domain.errors import InvalidInput
from attune.domain.execution import ExecutionStatus
from attune.domain.workflow_definition import compile_workflow
from tests.support.workflow_play import Answer, Play, answers

COMPLETED, FAILED = ExecutionStatus.COMPLETED, ExecutionStatus.FAILED
A: Any = {"action": "a.b"}


def ended(tasks: Any, **by_task: Answer) -> Play:
    workflow = compile_workflow({"tasks": tasks, "vars": {"n": 0}})
    return Play(workflow, answers(**by_task)).play()


def again(played: Play, *names: str) -> list[str]:
    """Run again with everything completing; returns what ran."""
    before = len(played.children)
    renewed = played.restarted(names)
    renewed.answer = lambda run: {"again": run.task}
    assert renewed.play_on().conclusion.status is COMPLETED
    return [child.run.task for child in renewed.children[before:]]


ROW: Any = {"a": {**A, "next": "b"}, "b": {**A, "on_success": "c"}, "c": A}
DIAMOND: Any = {
    "a": {**A, "next": ["b", "c"]},
    "b": {**A, "on_success": "d"},
    "c": {**A, "next": "d"},
    "d": {**A, "join": "all", "next": "e"},
    "e": A,
}


def test_the_failed_task_runs_again_and_what_follows_from_it() -> None:
    assert again(ended(ROW, b=FAILED)) == ["b", "c"]


def test_what_succeeded_is_kept_with_its_result() -> None:
    tasks: Any = {**ROW, "c": {**A, "input": {"a": "{{ task.a.result.x }}"}}}
    played = ended(tasks, a={"x": 7}, b=FAILED)
    renewed = played.restarted()
    renewed.answer = lambda _: COMPLETED
    renewed.play_on()

    assert renewed.runs_of("c")[0].parameters == {"a": 7}


def test_variables_are_kept() -> None:
    tasks: Any = {**ROW, "a": {**ROW["a"], "publish": {"n": 5}}}

    assert ended(tasks, b=FAILED).restarted().state.variables == {"n": 5}


def test_any_task_may_be_named() -> None:
    assert again(ended(ROW), "b") == ["b", "c"]
    assert again(ended(ROW), "c") == ["c"]
    assert again(ended(ROW), "c", "a") == ["c", "a", "b", "c"]


def test_all_that_failed_run_again() -> None:
    played = ended({"a": A, "b": A, "c": A}, a=FAILED, c=FAILED)

    assert again(played) == ["a", "c"]


def test_a_failure_that_was_handled_does_not_run_again() -> None:
    tasks: Any = {"a": {**A, "on_failure": "b"}, "b": {**A, "next": "c"}, "c": A}

    assert again(ended(tasks, a=FAILED, c=FAILED)) == ["c"]


def test_more_failures_than_are_told_run_again() -> None:
    tasks: Any = {f"t{at}": A for at in range(30)}
    played = Play(compile_workflow({"tasks": tasks}), lambda _: FAILED).play()

    assert len(again(played)) == 30


@pytest.mark.parametrize("failed", ["b", "c", "d", "e"])
def test_a_join_counts_those_who_had_come(failed: str) -> None:
    expected = {
        "b": ["b", "d", "e"],
        "c": ["c", "d", "e"],
        "d": ["d", "e"],
        "e": ["e"],
    }
    tasks: Any = {
        **DIAMOND,
        "c": {**A, "on_success": "d"},
        "d": {**A, "join": "all", "on_success": "e"},
    }
    played = ended(tasks, **{failed: FAILED})

    assert again(played) == expected[failed]


def test_what_had_come_from_a_task_that_runs_again_does_not_count() -> None:
    assert again(ended(DIAMOND), "b") == ["b", "d", "e"]
    assert again(ended(DIAMOND), "a") == ["a", "b", "c", "d", "e"]


def test_a_join_may_be_started_without_those_it_waits_for() -> None:
    tasks: Any = {**DIAMOND, "b": {**A, "on_timeout": "d"}}
    played = ended(tasks)
    assert "waited for 2 arrivals" in str(played.conclusion.error)

    assert again(played, "d") == ["d", "e"]
    assert again(played, "b", "d") == ["b", "d", "e"]


def test_only_what_can_be_reached_in_no_other_way_is_forgotten() -> None:
    played = ended(DIAMOND).restarted(["b"])

    assert played.tasks["d"].status == COMPLETED
    assert ended(ROW).restarted(["b"]).tasks["c"].status is None


def test_a_list_is_gone_over_again_as_a_whole() -> None:
    tasks: Any = {"a": {**A, "with_items": [1, 2]}}
    workflow = compile_workflow({"tasks": tasks})
    played = Play(workflow, lambda run: FAILED if run.item else COMPLETED).play()

    assert again(played) == ["a", "a"]


STAGE: Any = {
    "stage": {
        "tasks": {"a": {**A, "on_success": "b"}, "b": A, "c": A},
        "on_success": "z",
    },
    "z": A,
}


def test_within_a_stage_only_the_failed_task_runs_again() -> None:
    assert again(ended(STAGE, a=FAILED)) == ["a", "b", "z"]
    assert again(ended(STAGE, c=FAILED)) == ["c", "z"]


def test_a_stage_may_be_named_and_runs_as_a_whole() -> None:
    assert again(ended(STAGE), "stage") == ["a", "c", "b", "z"]
    assert again(ended(STAGE, a=FAILED), "stage", "a") == ["a", "c", "b", "z"]


def test_a_stage_that_waited_in_vain_runs_as_a_whole() -> None:
    nested = {
        "a": {**A, "next": {"when": "n == 0 or result().again", "do": "j"}},
        "b": {**A, "next": {"when": "result().again", "do": "j"}},
        "j": {**A, "join": 2},
    }

    assert again(ended({"stage": {"tasks": nested}})) == ["a", "b", "j"]


def test_a_task_after_which_something_could_not_be_evaluated_runs_again() -> None:
    tasks: Any = {"a": {**A, "next": {"when": "1 < result().x", "do": "b"}}, "b": A}
    played = ended(tasks, a={"x": "text"})
    renewed = played.restarted()
    renewed.answer = answers(a={"x": 5})

    assert renewed.play_on().ran[1:] == ["a", "b"]


def test_runs_are_counted_anew() -> None:
    tasks: Any = {"a": {**A, "next": {"when": "n == 0 and failed()", "do": "a"}}}
    workflow = compile_workflow({"tasks": tasks, "vars": {"n": 0}})
    played = Play(workflow, answers(a=FAILED), max_task_runs=3).play()
    assert "has run 3 times" in str(played.conclusion.error)

    assert again(played) == ["a"]


def test_what_was_cancelled_runs_again() -> None:
    played = ended({"a": A, "b": A}, a=ExecutionStatus.CANCELLED)

    assert again(played) == ["a"]


def test_there_must_be_something_to_run() -> None:
    with pytest.raises(InvalidInput, match="No task has failed"):
        ended(ROW).restarted()
    with pytest.raises(InvalidInput, match="no task 'bb'; did you mean 'b'"):
        ended(ROW).restarted(["bb"])
