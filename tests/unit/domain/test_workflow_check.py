"""Workflows hold together, or every place where they do not is named in one answer."""

from typing import Any

import pytest

from attune.domain.json import JsonObject
from attune.domain.workflow_check import (
    ActionFacts,
    Findings,
    action_refs,
    check_workflow,
)

A: Any = {"action": "a.b", "input": {"x": 1}}
SEND: JsonObject = {
    "channel": {"type": "string", "required": True},
    "count": {"type": "integer", "minimum": 1},
    "level": {"type": "string", "required": True, "default": "info"},
}
SCHEMA: JsonObject = {
    "who": {"type": "string", "required": True},
    "password": {"type": "string", "secret": True},
}


def checked(
    tasks: Any, schema: JsonObject | None = None, actions: Any = None, **more: Any
) -> Findings:
    return check_workflow({"tasks": tasks, **more}, schema or {}, actions, "demo")


def of_task(schema: JsonObject | None = None, **fields: Any) -> Findings:
    """Check a workflow of two tasks, the first of which has these fields."""
    return checked({"t": {**A, **fields}, "u": A}, schema)


def test_a_workflow_that_holds_together_has_no_findings() -> None:
    tasks: Any = {
        "a": {
            "action": "send",
            "input": {"channel": "{{ parameters.who }}", "count": "{{ n }}"},
            "with_items": "{{ [1] }}",
            "publish": ["m"],
            "next": [
                {"when": "succeeded() and m", "do": "b"},
                {"when": "failed()", "publish": {"n": 1}, "do": "b"},
            ],
        },
        "b": {
            "action": "other.do",
            "input": {
                "token": "Bearer {{ keystore.team.token }}",
                "password": "{{ parameters.password }}",
                "all": "{{ task.a.result }} {{ vars.n }} {{ m }} {{ config.x }}",
            },
        },
    }
    actions = {"demo.send": ActionFacts(param_schema=SEND), "other.do": ActionFacts()}

    found = checked(
        tasks, SCHEMA, actions, vars={"n": 1}, output_map={"x": "{{ task.b.status }}"}
    )

    assert found == Findings(problems=[], warnings=[])


def test_the_actions_that_are_named_are_told_with_their_pack() -> None:
    tasks: Any = {
        "a": {"action": "send"},
        "s": {"tasks": {"b": {"action": "x.y"}}},
        "c": {},
    }

    assert action_refs({"tasks": tasks}, "demo") == {"demo.send", "x.y"}
    assert action_refs({"tasks": 3}, "demo") == frozenset()


def test_unknown_actions_are_told_with_what_was_meant() -> None:
    actions = {"demo.send": ActionFacts(), "demo.gone": ActionFacts(exists=False)}
    tasks: Any = {
        "a": {"action": "sent"},
        "b": {"action": "gone"},
        "c": {"action": "send"},
    }

    assert checked(tasks, actions=actions).problems == [
        "tasks.a.action: there is no action 'demo.sent'; did you mean 'demo.send'?",
        "tasks.b.action: there is no action 'demo.gone'; did you mean 'demo.send'?",
    ]
    assert checked(tasks, actions=None).problems == []


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"channel": 5}, "tasks.a.input.channel: "),
        ({"channel": "c", "count": 0}, "tasks.a.input.count: "),
        ({"channel": "c", "count": "x {{ 1 }}"}, "tasks.a.input.count: "),
        ({"count": 1}, "tasks.a.input.channel: is required"),
    ],
    ids=str,
)
def test_inputs_that_do_not_fit_the_action_are_told(given: Any, problem: str) -> None:
    tasks: Any = {"a": {"action": "send", "input": given}}
    actions = {"demo.send": ActionFacts(param_schema=SEND)}

    found = checked(tasks, actions=actions)

    assert len(found.problems) == 1
    assert found.problems[0].startswith(problem)


def test_a_slip_in_the_name_of_an_input_is_a_warning() -> None:
    tasks: Any = {
        "a": {"action": "send", "input": {"channel": "c", "cuont": 1, "more": 1}}
    }
    actions = {"demo.send": ActionFacts(param_schema=SEND)}

    assert checked(tasks, actions=actions).warnings == [
        "tasks.a.input: 'cuont' is not a parameter; did you mean 'count'?"
    ]


def test_what_is_not_inherited_is_a_warning() -> None:
    tasks: Any = {"a": {"action": "send"}}
    actions = {"demo.send": ActionFacts(param_schema=SEND)}

    found = checked(tasks, SCHEMA, actions)

    assert found.problems == []
    [warning] = found.warnings
    assert warning == (
        "tasks.a: has no input, and the workflow has no parameter 'channel',"
        " which demo.send needs"
    )
    assert checked(tasks, {"channel": {"type": "string"}}, actions).warnings == []


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"input": {"x": "{{ wat }}"}}, "tasks.t.input.x: there is no name and no var"),
        ({"input": {"x": "{{ parametrs.a }}"}}, "did you mean 'parameters'?"),
        ({"input": {"x": "{{ event.payload }}"}}, "no variable 'event'"),
        (
            {"input": {"x": "{{ item }}"}},
            "'item' is not known here, only with with_items",
        ),
        ({"input": {"x": "{{ index }}"}}, "'index' is not known here"),
        (
            {"with_items": [1], "next": {"when": "item", "do": "u"}},
            "tasks.t.next.when: 'item'",
        ),
        ({"with_items": "{{ item }}"}, "tasks.t.with_items: 'item' is not known"),
        (
            {"input": {"x": "{{ task.v.result }}"}},
            "tasks.t.input.x: there is no task 'v'",
        ),
        ({"when": "task.uu.status == 'x'"}, "there is no task 'uu'; did you mean 'u'?"),
        ({"delay": "{{ nope }}"}, "tasks.t.delay: there is no name"),
        (
            {"retry": {"count": 1, "on_error": "nope"}},
            "tasks.t.retry.on_error: there is",
        ),
        ({"publish": {"v": "{{ nope }}"}}, "tasks.t.publish.v: there is no name"),
        ({"timeout": "{{ nope }}"}, "tasks.t.timeout: there is no name"),
    ],
    ids=str,
)
def test_names_that_mean_nothing_are_told(fields: Any, problem: str) -> None:
    found = of_task(**fields).problems

    assert len(found) == 1
    assert problem in found[0]


@pytest.mark.parametrize(
    "fields",
    [
        {"with_items": [1], "input": {"x": "{{ item }} {{ index }}"}},
        {"with_items": [1], "timeout": "{{ item }}", "retry": {"count": "{{ index }}"}},
        {"with_items": [1], "retry": {"count": 1, "on_error": "item > result().x"}},
        {"input": {"x": "{{ task }} {{ task[parameters.a] }} {{ tasks['u'].status }}"}},
        {"publish": "later", "input": {"x": "{{ later }}"}},
        {"next": {"publish": {"later": 1}}, "when": "later"},
    ],
    ids=str,
)
def test_names_that_mean_something_are_not(fields: Any) -> None:
    assert of_task(**fields) == Findings()


@pytest.mark.parametrize("name", ["task.t.result", "item", "keystore.a", "nope"])
def test_before_anything_has_run_less_is_known(name: str) -> None:
    found = checked({"t": A}, vars={"v": f"{{{{ {name} }}}}"}).problems

    assert len(found) == 1
    assert found[0].startswith("vars.v: ")


@pytest.mark.parametrize("name", ["item", "keystore.a", "nope", "task.x.result"])
def test_the_output_knows_tasks_and_no_items(name: str) -> None:
    found = checked({"t": A}, output_map={"v": f"{{{{ {name} }}}}"}).problems

    assert len(found) == 1
    assert found[0].startswith("output_map.v: ")


@pytest.mark.parametrize(
    ("template", "warning"),
    [
        ("{{ vars.nope }}", "nothing sets the variable 'nope'"),
        (
            "{{ parameters.wh }}",
            "the workflow has no parameter 'wh'; did you mean 'who'?",
        ),
        ("{{ task.u.output }}", "a task has result and status, not 'output'"),
    ],
)
def test_what_is_always_null_is_a_warning(template: str, warning: str) -> None:
    found = of_task(SCHEMA, input={"x": template})

    assert found.problems == []
    assert found.warnings == [f"tasks.t.input.x: {warning}"]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (
            {"input": {"x": "{{ keystore.a + 'b' }}"}},
            "tasks.t.input.x: 'keystore.a' is",
        ),
        ({"input": {"x": "{{ upper(keystore.a.b) }}"}}, "write {{ keystore.a.b }}"),
        ({"input": {"x": "{{ keystore[parameters.who] }}"}}, "needs the ref of a key"),
        ({"input": {"x": "{{ keystore }}"}}, "needs the ref of a key"),
        (
            {"input": {"x": "{{ keystore.db }}", "y": "{{ keystore.db.user }}"}},
            "tasks.t.input: 'keystore.db' and 'keystore.db.user' cannot both be read",
        ),
        ({"input": {"x": "{{ keystore.a if true else 1 }}"}}, "'keystore.a' is secret"),
        ({"when": "keystore.a == 'x'"}, "tasks.t.when: 'keystore.a' is secret and can"),
        ({"publish": {"v": "{{ keystore.a }}"}}, "can stand in input only"),
        ({"with_items": ["{{ keystore.a }}"]}, "can stand in input only"),
        ({"input": {"x": "{{ length(parameters.password) }}"}}, "as it is"),
        ({"input": {"x": "{{ parameters.password.first }}"}}, "as it is"),
        (
            {"next": {"when": "parameters.password", "do": "u"}},
            "can stand in input only",
        ),
    ],
    ids=str,
)
def test_secrets_are_only_handed_on_as_they_are(fields: Any, problem: str) -> None:
    found = of_task(SCHEMA, **fields).problems

    assert len(found) == 1
    assert problem in found[0]


@pytest.mark.parametrize(
    "template",
    [
        "{{ keystore.a }}",
        "{{ keystore['a.b'] }}",
        "a {{ keystore.a.b }} and {{ parameters.password }}",
        ["{{ parameters }}", {"x": "{{ parameters.password }}"}],
    ],
    ids=str,
)
def test_secrets_in_input_are_fine(template: Any) -> None:
    assert of_task(SCHEMA, input={"x": template}) == Findings()


def test_tasks_that_nothing_reaches_are_told() -> None:
    tasks: Any = {
        "a": A,
        "b": {**A, "next": "c"},
        "c": {**A, "next": "b"},
        "s": {"tasks": {"x": A, "y": {**A, "next": "z"}, "z": {**A, "next": "y"}}},
    }

    assert checked(tasks).problems == [
        "tasks.b: 'b' can never be reached",
        "tasks.c: 'c' can never be reached",
        "tasks.s.tasks.y: 'y' can never be reached",
        "tasks.s.tasks.z: 'z' can never be reached",
    ]


def test_a_join_that_waits_for_what_only_it_starts_is_told() -> None:
    tasks: Any = {
        "a": {**A, "next": "j"},
        "j": {**A, "join": "all", "next": "k"},
        "k": {**A, "next": "j"},
    }

    assert checked(tasks).problems == [
        "tasks.j.join: waits for 2 tasks, but k can only start after it"
    ]
    tasks["j"]["join"] = 1
    assert checked(tasks).problems == []


def test_slips_in_the_keys_of_a_task_are_warnings() -> None:
    found = of_task(on_sucess="u", note="mine", ui={"x": 1})

    assert found.problems == []
    assert found.warnings == [
        "tasks.t.on_sucess: is not read; did you mean 'on_success'?"
    ]


def test_every_problem_is_in_one_answer() -> None:
    tasks = [
        {"name": "a", "action": "snd", "next": [{"when": "{{ x.( }}", "do": "bb"}]},
        {"name": "b", "action": "send", "input": {"channel": 1, "count": "{{ nope }}"}},
        {"name": "b", "action": "send", "timeout": -1},
        {"name": "j", "action": "send", "input": {"channel": "c"}, "join": 2},
    ]
    found = checked(
        tasks, actions={"demo.send": ActionFacts(param_schema=SEND)}, vars={"v": "{{"}
    )

    assert [each.partition(":")[0] for each in found.problems] == [
        "tasks[0].next[0].when",
        "tasks[2].name",
        "tasks[0].next[0]",
        "tasks[3].join",
        "vars.v",
        "tasks[1].input.count",
        "tasks[0].action",
        "tasks[1].input.channel",
    ]


@pytest.mark.parametrize(
    "definition",
    [{}, {"tasks": None}, {"tasks": {"a": 3}}, {"tasks": [[]]}, {"tasks": {"": {}}}],
    ids=str,
)
def test_nothing_that_is_written_breaks_the_check(definition: JsonObject) -> None:
    assert check_workflow(definition, {}, {}, "demo").problems
