"""What other engines get wrong (contract, e.7): none of it happens here."""

from typing import Any

import pytest

from attune.domain.execution import ExecutionStatus
from tests.support.workflow_play import answers, play

COMPLETED, FAILED = ExecutionStatus.COMPLETED, ExecutionStatus.FAILED
A: Any = {"action": "a.b"}


@pytest.mark.parametrize("approved", [True, False], ids=str)
def test_1_a_condition_and_its_negation_never_both_hold(approved: Any) -> None:
    tasks: Any = {
        "ask": {
            **A,
            "next": [
                {
                    "when": "{{ succeeded() and result().response.approved }}",
                    "do": "yes",
                },
                {
                    "when": "{{ succeeded() and not result().response.approved }}",
                    "do": "no",
                },
            ],
        },
        "yes": A,
        "no": A,
    }
    answer: Any = {"response": {"approved": approved}}

    assert play({"tasks": tasks}, answer=answers(ask=answer)).ran == [
        "ask",
        "yes" if approved else "no",
    ]


@pytest.mark.parametrize(("end", "ran"), [(COMPLETED, ["a", "b"]), (FAILED, ["a"])])
def test_1_not_failed_is_not_turned_round(end: ExecutionStatus, ran: list[str]) -> None:
    tasks: Any = {"a": {**A, "next": {"when": "{{ not failed() }}", "do": "b"}}, "b": A}

    assert play({"tasks": tasks}, answer=answers(a=end)).ran == ran


def test_2_a_transition_back_runs_the_earlier_task_again() -> None:
    tasks: Any = {
        "a": {**A, "next": "b", "publish": {"n": "{{ n + 1 }}"}},
        "b": {**A, "next": {"when": "n < 3", "do": "a"}},
        "start": {**A, "next": "a"},
    }

    played = play({"vars": {"n": 0}, "tasks": tasks})

    assert played.ran == ["start", "a", "b", "a", "b", "a", "b"]
    assert played.conclusion.status is COMPLETED


def test_3_an_empty_list_does_not_hang() -> None:
    tasks: Any = {"a": {**A, "with_items": "{{ [] }}", "next": "b"}, "b": A}

    assert play({"tasks": tasks}).ran == ["b"]


def test_3_the_results_of_all_items_are_collected() -> None:
    tasks: Any = {
        "a": {
            **A,
            "with_items": [1, 2, 3],
            "next": {"publish": {"r": "{{ result() }}"}},
        }
    }
    played = play({"tasks": tasks}, answer=lambda run: {"i": run.item})

    assert played.state.variables == {"r": [{"i": 0}, {"i": 1}, {"i": 2}]}


@pytest.mark.parametrize("way", ["on_success", "on_failure", "next"])
def test_4_a_join_whose_predecessor_failed_first_does_not_wait_for_ever(
    way: str,
) -> None:
    tasks: Any = {
        "a": {**A, way: "x"},
        "b": {**A, "next": "x"},
        "x": {**A, "join": "all"},
    }
    played = play({"tasks": tasks}, answer=answers(a=FAILED))

    assert ("x" in played.ran) is (way != "on_success")
    assert played.conclusion.status is (FAILED if way == "on_success" else COMPLETED)


def test_5_delays_are_orders_and_not_sleeps() -> None:
    tasks: Any = {"a": {**A, "delay": 100, "retry": {"count": 1, "delay": 200}}}
    played = play({"tasks": tasks}, answer=lambda _: FAILED)

    assert [wait.seconds for wait in played.all_waits] == [100, 200]


def test_6_what_others_only_parse_is_done() -> None:
    tasks: Any = {
        "a": {**A, "delay": 1, "next": ["b", "c", "d", "s"]},
        "b": {**A, "with_items": [1, 2, 3], "batch_size": 2},
        "c": {**A, "retry": {"count": 5, "on_error": "result().again"}},
        "d": {**A, "when": "false"},
        "s": {"type": "parallel", "tasks": {"x": A, "y": A}},
    }
    played = play({"tasks": tasks}, answer=answers(c=(FAILED, {"again": False})))

    assert len(played.all_waits) == 1
    assert [run.batch for run in played.runs_of("b")] == [0, 0, 1]
    assert len(played.runs_of("c")) == 1
    assert "d" not in played.ran
    assert {"x", "y"} <= set(played.ran)
