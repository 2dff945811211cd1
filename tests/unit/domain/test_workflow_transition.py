"""What follows the end of a task: transitions, what they publish, who is handled."""

from typing import Any

import pytest

from attune.domain.execution import ExecutionStatus
from attune.domain.json import Json
from attune.domain.workflow_definition import compile_workflow
from tests.support.workflow_play import Answer, Play, answers, play

COMPLETED, FAILED = ExecutionStatus.COMPLETED, ExecutionStatus.FAILED
TIMEOUT, CANCELLED = ExecutionStatus.TIMEOUT, ExecutionStatus.CANCELLED
A: Any = {"action": "a.b"}
ENDS = [COMPLETED, FAILED, TIMEOUT, CANCELLED, ExecutionStatus.ABANDONED]


def after(answer: Answer, **fields: Any) -> set[str]:
    """Return what ran after a task that ended in this way."""
    others = dict.fromkeys(("x", "y", "z"), A)
    tasks: Any = {"a": {**A, **fields}, **others}
    # What nothing else leads to must not start by itself.
    tasks["never"] = {**A, "on_timeout": [*others]}
    played = play({"tasks": tasks}, answer=answers(a=answer))
    return set(played.ran) - {"a", "never"}


WHENS = {
    "succeeded()": {COMPLETED},
    "failed()": set(ENDS) - {COMPLETED},
    "not failed()": {COMPLETED},
    "timed_out()": {TIMEOUT},
    "failed() and not timed_out()": set(ENDS) - {COMPLETED, TIMEOUT},
    "{{ true }}": set(ENDS),
    "{{ false }}": set(),
}


@pytest.mark.parametrize("when", WHENS)
@pytest.mark.parametrize("end", ENDS)
def test_a_transition_is_taken_when_its_condition_holds(
    when: str, end: ExecutionStatus
) -> None:
    assert after(end, next={"when": when, "do": "x"}) == (
        {"x"} if end in WHENS[when] else set()
    )


def test_all_that_match_are_taken_and_a_target_starts_once() -> None:
    following = [{"do": ["x", "y"]}, {"when": "succeeded()", "do": ["y", "z"]}]
    played = play({"tasks": {"a": {**A, "next": following}, "x": A, "y": A, "z": A}})

    assert played.ran == ["a", "x", "y", "z"]
    assert {child.run.triggered_by for child in played.children[1:]} == {"a"}


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (COMPLETED, {"x", "z"}),
        (FAILED, {"y", "z"}),
        (TIMEOUT, {"y", "z"}),
    ],
)
def test_the_older_words_mean_the_same(
    end: ExecutionStatus, expected: set[str]
) -> None:
    assert after(end, on_success="x", on_failure=["y"], on_complete="z") == expected


@pytest.mark.parametrize(
    ("end", "expected"), [(FAILED, {"x"}), (TIMEOUT, {"y"}), (COMPLETED, set())]
)
def test_a_timeout_with_a_way_of_its_own_is_no_failure_besides(
    end: ExecutionStatus, expected: set[str]
) -> None:
    assert after(end, on_failure="x", on_timeout="y") == expected


def test_a_result_may_say_that_it_timed_out() -> None:
    played = Play(
        compile_workflow({"tasks": {"a": {**A, "on_timeout": "x"}, "x": A}}),
        answers(a=(FAILED, {"timed_out": True})),
    ).play()

    assert played.ran == ["a", "x"]
    assert played.conclusion.status is COMPLETED


@pytest.mark.parametrize(
    ("size", "end", "expected"),
    [
        (200, COMPLETED, {"x"}),
        (50, COMPLETED, {"y"}),
        (1, COMPLETED, {"z"}),
        (200, FAILED, set()),
    ],
)
def test_a_decision_takes_the_first_branch_and_only_after_success(
    size: int, end: ExecutionStatus, expected: set[str]
) -> None:
    decision = [
        {"when": "{{ result().size > 100 }}", "next": "x"},
        {"when": "result().size > 10", "next": ["y"]},
        {"default": True, "next": "z"},
    ]

    assert after((end, {"size": size}), decision=decision) == expected


def test_a_default_may_be_a_branch_of_its_own() -> None:
    decision = [{"when": "false", "next": "x"}, {"default": "y"}]

    assert after(COMPLETED, decision=decision) == {"y"}


def test_published_values_keep_their_type() -> None:
    result: Json = {"list": [1, {"a": None}], "number": 1.5, "flag": False}
    published = [
        {"list": "{{ result().list }}", "text": "is {{ result().number }}"},
        "flag",
        "missing",
        {"constant": {"deep": ["{{ list[0] }}"]}},
    ]
    played = play(
        {"tasks": {"a": {**A, "next": {"publish": published}}}},
        answer=answers(a=result),
    )

    assert played.state.variables == {
        "list": [1, {"a": None}],
        "text": "is 1.5",
        "flag": False,
        "missing": None,
        "constant": {"deep": [1]},
    }


def test_publishing_is_in_order_and_before_anything_starts() -> None:
    played = play(
        {
            "vars": {"n": 1},
            "tasks": {
                "a": {
                    **A,
                    "next": [
                        {"publish": {"n": "{{ n + 1 }}"}, "do": "x"},
                        {"when": "false", "publish": {"n": 100}},
                        {"publish": {"n": "{{ vars.n * 10 }}"}},
                    ],
                },
                "x": {**A, "input": {"n": "{{ workflow.n }}"}},
            },
        }
    )

    assert played.runs_of("x")[0].parameters == {"n": 20}


def test_a_condition_and_its_negation_are_asked_before_anything_is_published() -> None:
    following = [
        {"when": "not flag", "publish": {"flag": True}, "do": "x"},
        {"when": "flag", "publish": {"flag": False}, "do": "y"},
    ]
    for flag in (True, False):
        played = play(
            {
                "vars": {"flag": flag},
                "tasks": {"a": {**A, "next": following}, "x": A, "y": A},
            }
        )
        assert played.ran == ["a", "y" if flag else "x"]
        assert played.state.variables == {"flag": not flag}


@pytest.mark.parametrize("end", [COMPLETED, FAILED])
def test_what_a_task_publishes_is_there_for_its_conditions_after_success(
    end: ExecutionStatus,
) -> None:
    played = play(
        {
            "vars": {"v": 0},
            "tasks": {
                "a": {
                    **A,
                    "publish": {"v": "{{ result().v }}"},
                    "next": [
                        {"when": "v == 7", "do": "x"},
                        {"when": "v == 0", "do": "y"},
                    ],
                },
                "x": A,
                "y": A,
            },
        },
        answer=answers(a=(end, {"v": 7})),
    )

    assert played.ran == ["a", "x" if end is COMPLETED else "y"]


def test_what_is_published_does_not_come_to_hold_itself() -> None:
    played = play(
        {"vars": {"a": 1}, "tasks": {"t": {**A, "publish": {"b": "{{ vars }}"}}}}
    )

    assert played.state.variables == {"a": 1, "b": {"a": 1}}


@pytest.mark.parametrize(
    ("following", "status"),
    [
        ([], FAILED),
        ([{"when": "failed()"}], FAILED),
        ([{"when": "failed()", "publish": {"a": 1}}], FAILED),
        ([{"when": "succeeded()", "do": "x"}], FAILED),
        ([{"when": "failed()", "do": "x"}], COMPLETED),
        ([{"do": "x"}], COMPLETED),
    ],
    ids=str,
)
def test_a_failure_is_handled_by_what_it_starts(
    following: Any, status: ExecutionStatus
) -> None:
    tasks: Any = {"a": {**A, "next": following}, "z": {**A, "next": "x"}, "x": A}

    assert play({"tasks": tasks}, answer=answers(a=FAILED)).conclusion.status is status


def test_a_failure_is_handled_by_a_join_that_it_reaches() -> None:
    tasks: Any = {
        "a": {**A, "on_failure": "x"},
        "b": {**A, "next": "x"},
        "x": {**A, "join": "all"},
    }

    assert (
        play({"tasks": tasks}, answer=answers(a=FAILED)).conclusion.status is COMPLETED
    )


def test_other_branches_go_on_after_a_failure() -> None:
    tasks: Any = {"a": A, "b": {**A, "next": "c"}, "c": {**A, "next": "d"}, "d": A}
    played = play({"tasks": tasks}, answer=answers(a=FAILED))

    assert played.ran == ["a", "b", "c", "d"]
    assert played.conclusion.status is FAILED


def test_a_denied_approval_without_a_way_on_is_no_failure() -> None:
    tasks: Any = {
        "ask": {**A, "next": {"when": "result().response.approved", "do": "deploy"}},
        "deploy": A,
    }
    denial: Json = {"response": {"approved": False}}

    played = play({"tasks": tasks}, answer=answers(ask=denial))

    assert played.ran == ["ask"]
    assert played.conclusion.status is COMPLETED


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"next": {"when": "1 / 0", "do": "x"}}, "tasks.a.next.when: divides by zero"),
        (
            {"next": {"publish": {"v": "{{ 1 / 0 }}"}}},
            "tasks.a.next.publish.v: divides",
        ),
        ({"publish": {"v": "{{ 'a' + 1 }}"}}, "tasks.a.publish.v: "),
        ({"retry": {"count": 1, "on_error": "1 < 'a'"}}, "tasks.a.retry.on_error: "),
        ({"retry": {"count": 1, "delay": "{{ 'a' }}"}}, "tasks.a.retry.delay: must be"),
    ],
    ids=str,
)
def test_what_cannot_be_evaluated_fails_the_workflow_and_says_where(
    fields: Any, place: str
) -> None:
    status = FAILED if "retry" in fields else COMPLETED
    tasks: Any = {"a": {**A, **fields}, "z": {**A, "next": "x"}, "x": A}
    played = Play(compile_workflow({"tasks": tasks}), answers(a=status))
    played.play()

    assert played.conclusion.status is FAILED
    assert (played.conclusion.error or "").startswith(
        f"Workflow failed: Task 'a': {place}"
    )
    assert played.conclusion.result["failed_tasks"] != []
    assert played.ran == ["a", "z"]
