"""Joins: they count who has come, fire as often as they may, and never wait for ever."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attune.domain.execution import ExecutionStatus
from attune.domain.workflow_definition import compile_workflow
from attune.domain.workflow_event import Begin
from attune.domain.workflow_join import fired_by, note_arrival
from attune.domain.workflow_state import TaskState
from tests.support.workflow_play import Play, answers, play

COMPLETED, FAILED = ExecutionStatus.COMPLETED, ExecutionStatus.FAILED
A: Any = {"action": "a.b"}


def joined(join: Any, *, names: str = "abc", **more: Any) -> dict[str, Any]:
    before = {name: {**A, "on_success": "x"} for name in names}
    return {"tasks": {**before, "x": {**A, "join": join, **more}}}


@pytest.mark.parametrize(
    ("join", "after"), [(1, 1), (2, 2), (3, 3), ("all", 3)], ids=str
)
def test_a_join_starts_with_the_arrival_it_waits_for_and_not_again(
    join: Any, after: int
) -> None:
    begun = Play(compile_workflow(joined(join)))
    begun.feed(Begin())
    for count, name in enumerate("abc", 1):
        begun.end(begun.child(name))
        assert begun.ran.count("x") == (count >= after)

    assert begun.play_on().conclusion.status is COMPLETED


def test_without_a_join_every_arrival_starts_a_run() -> None:
    played = play(joined(None))

    assert played.ran == ["a", "b", "c", "x", "x", "x"]
    assert [run.run for run in played.runs_of("x")] == [1, 2, 3]
    assert [run.triggered_by for run in played.runs_of("x")] == ["a", "b", "c"]


def test_a_join_that_cannot_fire_any_more_fails_the_workflow() -> None:
    definition = joined("all")
    definition["tasks"]["b"]["next"] = {"when": "failed()", "do": "handled"}
    definition["tasks"]["handled"] = A
    played = play(definition, answer=answers(b=FAILED))

    assert played.ran == ["a", "b", "c", "handled"]
    error = "Task 'x' waited for 3 arrivals and got 2 (from a, c)"
    assert played.conclusion.status is FAILED
    assert played.conclusion.error == f"Workflow failed: {error}"
    assert played.conclusion.result["failed_tasks"] == [{"task": "x", "error": error}]


def test_a_join_whose_predecessor_failed_first_does_not_wait() -> None:
    played = play(joined("all"), answer=answers(a=FAILED))

    assert played.conclusion.error == "Workflow failed: 1 task(s) failed: a: failed"


def test_a_join_that_nobody_reached_is_no_failure() -> None:
    definition = joined("all")
    for name in "abc":
        definition["tasks"][name]["on_success"] = None
        definition["tasks"][name]["on_timeout"] = "x"

    assert play(definition).conclusion.status is COMPLETED


def test_in_a_loop_every_round_is_counted_for_itself() -> None:
    tasks: Any = {
        "start": {**A, "next": ["a", "b"]},
        "a": {**A, "next": "x"},
        "b": {**A, "next": "x"},
        "x": {
            **A,
            "join": "all",
            "publish": {"n": "{{ n + 1 }}"},
            "next": {"when": "n < 3", "do": ["a", "b"]},
        },
    }
    played = play({"vars": {"n": 0}, "tasks": tasks})

    assert played.ran == ["start", *["a", "b", "x"] * 3]
    assert played.conclusion.status is COMPLETED


def test_one_who_comes_twice_is_not_two() -> None:
    tasks: Any = {
        "a": {**A, "next": "x", "publish": {"n": "{{ n + 1 }}"}},
        "again": {**A, "next": "a"},
        "b": {**A, "on_failure": "x"},
        "x": {**A, "join": 2},
    }
    played = play({"vars": {"n": 0}, "tasks": {**tasks, "a0": {**A, "next": "a"}}})

    assert played.state.variables == {"n": 2}
    assert "x" not in played.ran
    assert "got 1 (from a)" in str(played.conclusion.error)


def test_a_join_that_leads_to_itself_starts_without_waiting() -> None:
    definition = joined("all", publish={"n": "{{ n + 1 }}"})
    definition["tasks"]["x"]["next"] = {"when": "n < 3", "do": "x"}
    played = play({**definition, "vars": {"n": 0}})

    assert played.ran == ["a", "b", "c", "x", "x", "x"]
    assert played.conclusion.status is COMPLETED


@given(st.lists(st.sampled_from("abcd")), st.integers(1, 4))
def test_a_join_fires_as_often_as_enough_have_come(
    names: list[str], wanted: int
) -> None:
    state = TaskState()

    fired = sum(note_arrival(state, name, wanted) for name in names)

    assert fired == state.fired == fired_by(state.arrivals, wanted)
    assert state.arrivals == {name: names.count(name) for name in set(names)}
