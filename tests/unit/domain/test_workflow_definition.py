"""A definition is read whole, or every place where it is wrong is named."""

from typing import Any

import pytest

from attune.domain.errors import InvalidInput
from attune.domain.json import JsonObject
from attune.domain.workflow_definition import (
    CancellationPolicy,
    Workflow,
    compile_workflow,
)
from attune.domain.workflow_task import Amount, Backoff, Task

A: Any = {"action": "a.b"}


def compiled(*tasks: JsonObject, **more: Any) -> Workflow:
    return compile_workflow({"tasks": list(tasks), **more}, "demo")


def task(**fields: Any) -> Task:
    return compiled({"name": "one", **A, **fields}, {"name": "two", **A}).tasks["one"]


def problems(*tasks: Any, **more: Any) -> list[str]:
    with pytest.raises(InvalidInput) as refused:
        compiled(*tasks, **more)
    return refused.value.problems


def number(amount: Amount | None) -> object:
    return amount.value if amount else None


def test_the_example_of_the_contract_is_read() -> None:
    workflow = compiled(
        {
            "name": "build",
            "action": "ci.build",
            "input": {"branch": "{{ parameters.branch }}"},
            "retry": {"count": 2, "delay": 1, "backoff": "exponential"},
            "next": [
                {
                    "when": "{{ succeeded() }}",
                    "publish": [{"image": "{{ result().image }}"}],
                    "do": ["approve"],
                },
                {
                    "when": "{{ failed() }}",
                    "do": ["report"],
                    "label": "x",
                    "color": "y",
                },
            ],
        },
        {"name": "approve", **A},
        {"name": "report", **A},
        version="1.0",
        cancellation_policy="cancel_running",
    )

    build = workflow.tasks["build"]
    assert workflow.entries == {None: ("build",)}
    assert workflow.predecessors["approve"] == ("build",)
    assert workflow.cancellation_policy is CancellationPolicy.CANCEL_RUNNING
    assert [each.targets for each in build.transitions] == [("approve",), ("report",)]
    assert build.retry
    assert number(build.retry.count) == 2
    assert build.retry.backoff is Backoff.EXPONENTIAL


def test_tasks_may_be_an_object() -> None:
    workflow = compile_workflow({"tasks": {"a": {**A, "next": "b"}, "b": A}})

    assert list(workflow.tasks) == ["a", "b"]
    assert workflow.predecessors["b"] == ("a",)


def test_an_action_without_a_dot_is_one_of_the_pack() -> None:
    assert task(action="build").action_ref == "demo.build"
    assert task(action="other.build").action_ref == "other.build"


@pytest.mark.parametrize("given", [None, {}])
def test_without_input_the_parameters_are_inherited(given: Any) -> None:
    assert task(input=given).inherits_parameters
    assert not task(input={"a": 1}).inherits_parameters


def test_terms_are_handed_on_and_none_is_not_the_same_as_nothing() -> None:
    terms = task(
        permission_set_refs=["standard"],
        worker_selector={"gpu": "true"},
        worker_tolerations=[{"key": "x"}],
        worker_affinity={},
    ).terms

    assert terms.permission_set_refs == ["standard"]
    assert terms.worker_selector == {"gpu": "true"}
    assert terms.worker_tolerations == [{"key": "x"}]
    assert terms.worker_affinity == {}
    assert task().terms.permission_set_refs is None
    assert task(permission_set_refs=[]).terms.permission_set_refs == []


@pytest.mark.parametrize(
    ("following", "targets"),
    [
        ("two", [("two",)]),
        (["two"], [("two",)]),
        ({"do": "two"}, [("two",)]),
        ([{"do": ["two", "two"]}, {"publish": "x"}], [("two",), ()]),
        (None, []),
    ],
    ids=str,
)
def test_next_is_written_in_many_ways(following: Any, targets: list[Any]) -> None:
    assert [each.targets for each in task(next=following).transitions] == targets


@pytest.mark.parametrize(
    "publish",
    [{"a": "{{ 1 }}", "b": 2}, [{"a": "{{ 1 }}"}, {"b": 2}], ["a", {"b": 2}], "a"],
    ids=str,
)
def test_publish_is_maps_or_bare_names(publish: Any) -> None:
    found = task(publish=publish).publish

    assert [each.name for each in found] in (["a", "b"], ["a"])


def test_nested_tasks_know_where_they_are() -> None:
    workflow = compiled(
        {
            "name": "stage",
            "type": "parallel",
            "tasks": [
                {"name": "x", **A},
                {"name": "inner", "tasks": [{"name": "y", **A}]},
            ],
        },
    )

    assert workflow.tasks["stage"].nested == ("x", "inner")
    assert workflow.tasks["y"].scope == "inner"
    assert workflow.tasks["y"].place == ("tasks", 0, "tasks", 1, "tasks", 0)
    assert workflow.entries == {
        None: ("stage",),
        "stage": ("x", "inner"),
        "inner": ("y",),
    }
    assert workflow.within("stage") == ("x", "inner", "y")
    assert workflow.leaves("stage") == {"x", "y"}
    assert workflow.leaves("stage", ("x",)) == {"x"}


def test_join_all_is_the_number_of_other_tasks_that_lead_there() -> None:
    workflow = compiled(
        {"name": "a", **A, "next": ["c", "c"]},
        {"name": "b", **A, "on_success": "c", "on_failure": "c"},
        {"name": "c", **A, "join": "all", "on_failure": "c"},
    )

    assert workflow.tasks["c"].join == 2
    assert workflow.joins == {None: ("c",)}


def test_a_task_that_only_leads_to_itself_is_where_it_begins() -> None:
    assert compiled({"name": "poll", **A, "on_failure": "poll"}).entries[None] == (
        "poll",
    )


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"action": None}, "tasks[0].action: must be the ref of an action"),
        ({"action": "No Ref"}, "tasks[0].action: a ref must look like 'pack.name'"),
        ({"input": [1]}, "tasks[0].input: must be an object, not array"),
        ({"input": {"a": ["{{ ( }}"]}}, "tasks[0].input.a[0]: "),
        ({"input": {"a": "{{ nope(1) }}"}}, "tasks[0].input.a: there is no function"),
        ({"input": {"a": "{{ result() }}"}}, "tasks[0].input.a: there is no function"),
        ({"when": "{{ a }} x"}, "tasks[0].when: must be one expression"),
        ({"when": 3}, "tasks[0].when: must be an expression"),
        ({"next": [{"when": "1 +"}]}, "tasks[0].next[0].when: "),
        (
            {"next": [{"publish": [{"a": "{{ b. }}"}]}]},
            "tasks[0].next[0].publish[0].a: ",
        ),
        ({"next": [{"publish": [3]}]}, "tasks[0].next[0].publish[0]: must be a name"),
        ({"next": [7]}, "tasks[0].next[0]: must be an object, not number"),
        ({"next": "tow"}, "tasks[0].next: there is no task 'tow'; did you mean 'two'?"),
        ({"on_failure": ["x"]}, "tasks[0].on_failure: there is no task 'x'"),
        ({"retry": 3}, "tasks[0].retry: must be an object, not number"),
        ({"retry": {}}, "tasks[0].retry.count: must be a whole number from 1 to 100"),
        (
            {"retry": {"count": 0}},
            "tasks[0].retry.count: must be a whole number from 1",
        ),
        ({"retry": {"count": 101}}, "tasks[0].retry.count: must be a whole number"),
        ({"retry": {"count": 1.5}}, "tasks[0].retry.count: must be a whole number"),
        ({"retry": {"count": True}}, "tasks[0].retry.count: must be a whole number"),
        (
            {"retry": {"count": 1, "delay": -1}},
            "tasks[0].retry.delay: must be a number",
        ),
        (
            {"retry": {"count": 1, "backoff": "x"}},
            "tasks[0].retry.backoff: must be one",
        ),
        ({"retry": {"count": 1, "on_error": "("}}, "tasks[0].retry.on_error: "),
        ({"timeout": 0}, "tasks[0].timeout: must be a number from 1 to"),
        ({"timeout": "5"}, "tasks[0].timeout: must be a number"),
        ({"delay": -0.1}, "tasks[0].delay: must be a number from 0"),
        ({"delay": 1e12}, "tasks[0].delay: must be a number from 0"),
        ({"concurrency": 0}, "tasks[0].concurrency: must be a whole number from 1"),
        ({"batch_size": 2.0}, "tasks[0].batch_size: must be a whole number"),
        ({"with_items": "abc"}, "tasks[0].with_items: must be a list, or a template"),
        (
            {"with_items": {"a": 1}},
            "tasks[0].with_items: must be a list, or a template",
        ),
        ({"join": 0}, "tasks[0].join: must be a whole number of at least 1, or 'all'"),
        ({"join": "any"}, "tasks[0].join: must be a whole number"),
        ({"join": 1}, "tasks[0].join: no other task leads to this one"),
        ({"type": "loop"}, "tasks[0].type: must be one of action, parallel, workflow"),
        ({"type": "parallel"}, "tasks[0].tasks: a parallel task needs tasks"),
        ({"worker_selector": 1}, "tasks[0].worker_selector: must be an object"),
        ({"decision": [{"next": "two"}]}, "tasks[0].decision[0]: must have a when"),
        ({"decision": [{"default": 3}]}, "tasks[0].decision[0].default: must be true"),
    ],
    ids=str,
)
def test_what_is_wrong_with_a_task_is_told_with_its_place(
    fields: JsonObject, problem: str
) -> None:
    found = problems({"name": "one", **A, **fields}, {"name": "two", **A})

    assert any(each.startswith(problem) for each in found), found


@pytest.mark.parametrize(
    ("definition", "problem"),
    [
        ({}, "tasks: must have at least one task"),
        ({"tasks": []}, "tasks: must have at least one task"),
        ({"tasks": {}}, "tasks: must have at least one task"),
        ({"tasks": "x"}, "tasks: must be a list of tasks, not string"),
        ({"tasks": [3]}, "tasks[0]: must be an object, not number"),
        ({"tasks": [None]}, "tasks[0]: must be an object, not null"),
        ({"tasks": [A]}, "tasks[0].name: must be a name"),
        ({"tasks": [{"name": "a\n", **A}]}, "tasks[0].name: must have 1 to 255"),
        ({"tasks": {"a": None}}, "tasks.a.action: must be the ref of an action"),
        ({"tasks": {"a": A}, "vars": []}, "vars: must be an object, not array"),
        ({"tasks": {"a": A}, "vars": {"x": "{{ }}"}}, "vars.x: "),
        ({"tasks": {"a": A}, "output_map": {"x": "{{ 1 + }}"}}, "output_map.x: "),
        (
            {"tasks": {"a": A}, "cancellation_policy": "x"},
            "cancellation_policy: must be",
        ),
    ],
    ids=str,
)
def test_what_is_wrong_with_the_document_is_told(
    definition: JsonObject, problem: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        compile_workflow(definition)

    assert any(each.startswith(problem) for each in refused.value.problems)


def test_a_name_is_there_once_in_the_whole_document() -> None:
    found = problems(
        {"name": "a", **A},
        {"name": "s", "tasks": [{"name": "a", **A}, {"name": "b", **A}]},
    )

    assert found == ["tasks[1].tasks[0].name: 'a' is the name of tasks[0] already"]


def test_a_transition_does_not_leave_its_level() -> None:
    found = problems(
        {"name": "a", **A, "next": "inner"},
        {"name": "s", "tasks": [{"name": "inner", **A, "next": "a"}]},
    )

    assert found[0].startswith(
        "tasks[0].next: cannot lead to 'inner', which is nested in 's'"
    )
    assert found[1].startswith(
        "tasks[1].tasks[0].next: cannot lead to 'a', which is outside"
    )


def test_a_loop_that_nothing_enters_could_never_start() -> None:
    found = problems({"name": "a", **A, "next": "b"}, {"name": "b", **A, "next": "a"})

    assert found == [
        "tasks: every task has one that leads to it: none would ever start"
    ]


def test_a_join_waits_for_no_more_than_there_are() -> None:
    found = problems(
        {"name": "a", **A, "next": ["c", "c"]}, {"name": "c", **A, "join": 2}
    )

    assert found == ["tasks[1].join: waits for 2 tasks, but only 1 lead here"]


@pytest.mark.parametrize("key", ["input", "retry", "with_items", "timeout", "action"])
def test_nested_tasks_take_nothing_that_only_an_action_has(key: str) -> None:
    found = problems({"name": "s", key: "x", "tasks": [{"name": "a", **A}]})

    assert found == [f"tasks[0].{key}: has no meaning for nested tasks"]


def test_all_problems_are_told_at_once() -> None:
    found = problems(
        {"name": "a", "action": 3, "next": [{"when": "("}]},
        {"name": "a", **A},
        {"name": "b", **A, "timeout": -1, "next": "zzz"},
        vars={"v": "{{ ! }}"},
    )

    assert [each.partition(":")[0] for each in found] == [
        "tasks[0].next[0].when",
        "tasks[0].action",
        "tasks[1].name",
        "tasks[2].timeout",
        "tasks[2].next",
        "vars.v",
    ]


def test_null_is_as_good_as_nothing() -> None:
    keys = (
        "input",
        "next",
        "when",
        "with_items",
        "retry",
        "timeout",
        "join",
        "publish",
    )

    assert task(**dict.fromkeys(keys)) is not None
