"""What templates see: names, results that are looked through, references to secrets."""

from typing import Any

import pytest

from attune.domain.execution import ExecutionStatus
from attune.domain.json import Json
from attune.domain.workflow_definition import compile_workflow
from attune.domain.workflow_event import Begin, Ended, Over
from attune.domain.workflow_needs import conclusion_needs, needs
from attune.domain.workflow_result import look_through
from attune.domain.workflow_state import FanOut
from tests.support.workflow_play import Play, answers, play

A: Any = {"action": "a.b"}


def seen(template: Json, **more: Any) -> Json:
    """Return what a template gives in the input of a second task."""
    tasks: Any = {"a": {**A, "next": "b"}, "b": {**A, "input": {"x": template}}}
    played = play({"vars": {"v": 5, "w": {"x": 6}}, "tasks": tasks}, **more)
    return (played.runs_of("b")[0].parameters or {})["x"]


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{{ parameters.p }}", 1),
        ("{{ [vars.v, workflow.v, variables.v, v] }}", [5, 5, 5, 5]),
        ("{{ vars }}", {"v": 5, "w": {"x": 6}}),
        ("{{ w.x }} and {{ w['x'] }}", "6 and 6"),
        ("{{ [task.a.status, tasks.a.status] }}", ["completed", "completed"]),
        ("{{ task.a.result.n }}", 9),
        ("{{ task['a'].result.n }}", 9),
        ("{{ task[parameters.name].result.n }}", 9),
        ("{{ task.b }}", {"status": None, "result": None}),
        ("{{ task.b.result.x.y }}", None),
        ("{{ keys(task) }}", ["a", "b"]),
        ("{{ config.c }}", "see"),
        (
            "{{ system }}",
            {"workflow_start": "2026", "execution_id": 1, "workflow_ref": "a.b"},
        ),
        ("{{ nowhere.at.all }}", None),
        ("{{ item }}", None),
    ],
    ids=str,
)
def test_the_names_there_are(template: str, value: Json) -> None:
    given = {
        "answer": answers(a={"n": 9}),
        "parameters": {"p": 1, "name": "a"},
        "config": {"c": "see"},
    }

    assert seen(template, **given) == value


def test_what_a_value_holds_is_never_rendered_again() -> None:
    assert seen("{{ parameters.p }}", parameters={"p": "{{ 1 + 1 }}"}) == "{{ 1 + 1 }}"


def test_names_of_the_engine_win_over_variables() -> None:
    definition = {
        "vars": {"parameters": 1, "task": 2},
        "tasks": {
            "a": {**A, "input": {"x": "{{ parameters }}", "y": "{{ vars.task }}"}}
        },
    }

    assert play(definition).runs_of("a")[0].parameters == {"x": {}, "y": 2}


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (None, None),
        ("text", "text"),
        ([1], [1]),
        ({"a": 1}, {"a": 1}),
        (
            {"exit_code": 0, "data": {"image": "x", "exit_code": 9}},
            {"exit_code": 9, "data": {"image": "x", "exit_code": 9}, "image": "x"},
        ),
        ({"data": {"data": {"x": 1}}}, {"data": {"data": {"x": 1}}}),
        ({"data": [1]}, {"data": [1]}),
        (
            {"stdout": ' {"image": "x"}\n', "exit_code": 0},
            {"stdout": ' {"image": "x"}\n', "exit_code": 0, "image": "x"},
        ),
        ({"stdout": "{broken}"}, {"stdout": "{broken}"}),
        ({"stdout": '["a"]'}, {"stdout": '["a"]'}),
        ({"stdout": "{}"}, {"stdout": "{}"}),
        ({"stdout": '{"a": NaN}'}, {"stdout": '{"a": NaN}'}),
        ({"data": {}, "stdout": '{"a": 1}'}, {"data": {}, "stdout": '{"a": 1}'}),
        ({"response": {"approved": True}}, {"response": {"approved": True}}),
    ],
    ids=str,
)
def test_results_are_looked_through(result: Json, expected: Json) -> None:
    assert look_through(result) == expected


def test_secrets_are_references_in_inputs_and_masked_elsewhere() -> None:
    definition: Any = {
        "vars": {"v": "{{ parameters.password }} {{ keystore.a.b }}"},
        "tasks": {
            "a": {
                **A,
                "input": {"p": "{{ parameters.password }}", "k": "{{ keystore.a.b }}"},
                "next": ["b", "c"],
                "publish": {"w": "{{ parameters.password }}"},
            },
            "b": {**A, "input": {"k": "{{ keystore.a }}"}},
            "c": {**A, "input": {"k": "{{ keystore['a.b'] }} {{ keystore.a.c }}"}},
        },
    }
    played = Play(compile_workflow(definition), parameters={"password": "***"})
    marker = played.references.mark({"execution": 1, "parameter": "password"})
    played.marked_parameters = {"password": marker}
    played.play()

    assert played.state.variables == {"v": "*** ", "w": "***"}
    found = {
        child.run.task: played.references.extract(child.run.parameters or {})[1]
        for child in played.children
    }
    assert found == {
        "a": [
            {"path": ["p"], "parts": [{"execution": 1, "parameter": "password"}]},
            {"path": ["k"], "parts": [{"key": "a.b"}]},
        ],
        "b": [{"path": ["k"], "parts": [{"key": "a"}]}],
        "c": [{"path": ["k"], "parts": [{"key": "a.b"}, " ", {"key": "a.c"}]}],
    }


WIDE = compile_workflow(
    {
        "tasks": {
            "a": {
                **A,
                "next": [
                    {"when": "task.x.status == 'failed'", "do": "b"},
                    {"publish": "n", "do": ["c"]},
                ],
            },
            "b": {**A, "input": {"k": "{{ keystore.team.token }} {{ config.url }}"}},
            "c": {**A, "when": "task.y.result.ok", "next": "d"},
            "d": {**A, "input": {"all": "{{ task.z.result }}"}},
            "items": {
                **A,
                "with_items": [1, 2, 3],
                "next": {"when": "length(result()) > 1", "do": "d"},
                "retry": {"count": 1, "on_error": "result().again"},
            },
            "own": {**A, "next": "reader"},
            "reader": {**A, "input": {"x": "{{ task.own.result }}"}},
            **dict.fromkeys("xyz", A),
            "s": {
                "tasks": {"s1": A, "s2": {**A, "next": "s3"}, "s3": {**A, "join": 1}}
            },
        },
        "output_map": {"s": "{{ task.s.result.s1 }}", "c": "{{ config.x }}"},
    }
)


def ended(task: str, item: int | None = None) -> Ended:
    return Ended(
        task=task,
        run=1,
        item=item,
        execution_id=1,
        first_execution_id=1,
        status=ExecutionStatus.FAILED,
    )


def test_an_end_needs_what_its_transitions_and_their_targets_read() -> None:
    wanted = needs(WIDE, ended("a"))

    assert wanted.states == {"a", "b", "c", "x", "y"}
    assert wanted.results == {"y"}
    assert wanted.own_result
    assert wanted.config
    assert wanted.keystore == {("team", "token")}


def test_what_nothing_reads_is_not_needed() -> None:
    wanted = needs(WIDE, ended("c"))

    assert wanted.states == {"c", "d", "z"}
    assert not wanted.own_result
    assert not wanted.config


def test_the_own_result_is_needed_if_only_the_next_task_reads_it() -> None:
    wanted = needs(WIDE, ended("own"))

    assert wanted.own_result
    assert wanted.results == frozenset()


def test_an_item_needs_those_that_follow_it_and_not_the_results_of_all() -> None:
    fan_out = FanOut(total=3, concurrency=1, next_index=1, live=1)
    wanted = needs(WIDE, ended("items", 0), fan_out)

    assert wanted.items == {0, 1}
    assert wanted.own_result
    assert not wanted.item_results
    assert wanted.states == {"items"}
    assert needs(WIDE, Over(task="items", run=1)).item_results


def test_nested_tasks_are_cleared_only_when_they_begin_again() -> None:
    assert needs(WIDE, Begin(scope="s")).states == {"s", "s1", "s2"}
    assert needs(WIDE, Begin(scope="s", run=2)).states == {"s", "s1", "s2", "s3"}
    assert "s3" in needs(WIDE, Over(task="s", run=1)).states


def test_the_conclusion_needs_what_the_output_reads() -> None:
    wanted = conclusion_needs(WIDE)

    assert wanted.results == {"s1"}
    assert wanted.config
