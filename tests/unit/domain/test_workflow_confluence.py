"""A task that would run once for each of several others is pointed out, if it would."""

from typing import Any

import pytest

from attune.domain.workflow_check import check_workflow

A: Any = {"action": "a.b"}


def warnings(tasks: Any, **more: Any) -> list[str]:
    found = check_workflow({"tasks": tasks, **more}, {}, None, "demo")
    assert found.problems == []
    return found.warnings


def diamond(one: Any, other: Any, **more: Any) -> Any:
    """Return a task with two ways on, both of which lead to x."""
    return {
        "a": {
            **A,
            "next": [{"when": one, "do": "b"}, {"when": other, "do": "c"}],
            **more,
        },
        "b": {**A, "next": "x"},
        "c": {**A, "next": "x"},
        "x": A,
    }


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (None, None),
        ("succeeded()", None),
        ("succeeded()", "not failed()"),
        ("failed()", "timed_out()"),
        ("result().x > 1", "result().x > 2"),
        ("succeeded()", "succeeded() and result().x"),
        ("result().x == 1 or result().y", "result().x == 2"),
    ],
    ids=str,
)
def test_ways_that_can_both_be_taken_meet(one: Any, other: Any) -> None:
    assert warnings(diamond(one, other)) == [
        "tasks.x: runs once for each of b, c; with a join it waits for them"
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("succeeded()", "failed()"),
        ("{{ succeeded() }}", "{{ timed_out() }}"),
        ("succeeded() and result().x", "succeeded() and not result().x"),
        ("result().x", "not (result().x)"),
        ("not not failed()", "succeeded()"),
        ("parameters.env == 'a'", "parameters.env == 'b'"),
        ("result().n == 1", "result().n == 2 and succeeded()"),
        ("timed_out()", "failed() and not timed_out()"),
    ],
    ids=str,
)
def test_ways_that_exclude_each_other_do_not_meet(one: Any, other: Any) -> None:
    assert warnings(diamond(one, other)) == []


def test_the_branches_of_a_decision_do_not_meet() -> None:
    tasks = diamond(None, None)
    tasks["a"]["next"] = None
    tasks["a"]["decision"] = [
        {"when": "result().x", "next": "b"},
        {"when": "result().y", "next": "c"},
    ]

    assert warnings(tasks) == []


def test_a_join_is_what_is_asked_for() -> None:
    tasks = diamond(None, None)

    assert warnings({**tasks, "x": {**A, "join": "all"}}) == []


def test_the_way_round_and_the_direct_way_meet() -> None:
    tasks: Any = {"a": {**A, "next": ["b", "x"]}, "b": {**A, "next": "x"}, "x": A}
    assert len(warnings(tasks)) == 1

    tasks["a"] = {**A, "on_success": "b", "on_failure": "x"}
    assert warnings(tasks) == []


def test_what_leads_back_is_a_loop_and_no_meeting() -> None:
    tasks: Any = {
        "start": {**A, "next": "check"},
        "check": {**A, "on_success": "done", "on_failure": "wait"},
        "wait": {**A, "next": "check"},
        "done": A,
    }

    assert warnings(tasks) == []


def test_what_excludes_each_other_early_does_so_later() -> None:
    tasks = diamond("succeeded()", "failed()")
    tasks["b"]["next"] = "b2"
    tasks |= {"b2": {**A, "next": "b3"}, "b3": {**A, "next": "x"}}

    assert warnings(tasks) == []


def test_a_task_that_two_ways_lead_to_is_on_neither() -> None:
    tasks: Any = {
        "a": {**A, "on_success": ["b"], "on_failure": ["b", "c"]},
        "b": {**A, "next": "x"},
        "c": {**A, "next": "x"},
        "x": A,
    }

    assert len(warnings(tasks)) == 1


def test_several_entries_meet() -> None:
    tasks: Any = {"a": {**A, "next": "x"}, "b": {**A, "next": "x"}, "x": A}

    assert len(warnings(tasks)) == 1
    assert len(warnings({"s": {"tasks": tasks}})) == 1


def test_parameters_are_the_same_for_all() -> None:
    tasks: Any = {
        "a": {**A, "next": {"when": "parameters.dry", "do": "x"}},
        "b": {**A, "next": {"when": "not parameters.dry", "do": "x"}},
        "x": A,
    }
    assert warnings(tasks) == []

    for name in "ab":
        tasks[name]["next"]["when"] = tasks[name]["next"]["when"].replace(
            "parameters.dry", "result().dry"
        )
    assert len(warnings(tasks)) == 1
