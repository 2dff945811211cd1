"""Every construct of the workflow language, each as a workflow with what it must give.

`tests/e2e/test_workflow_language.py` runs each on a whole stack, and
`tests/faults/test_workflow_kill.py` all of them again while the parts are killed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.support.api import Person

ACTIONS = {
    "tell": (
        'printf \'{"value": %s, "pid": %s}\' "${value:-null}" $$',
        {"value": {"type": "integer"}},
    ),
    "nap": (
        'sleep "${seconds:-1}"; printf \'{"napped": true}\'',
        {"seconds": {"type": "number", "default": 1}},
    ),
    "fail": ("echo broken on purpose >&2; exit 3", {}),
    # Fails until its n-th run; runs that overlap would lose a count.
    "flaky": (
        (
            'file="$ATTUNE_ARTIFACTS_DIR/$key"; echo run >> "$file"\n'
            'runs=$(wc -l < "$file"); [ "$runs" -ge "$until" ] || exit 1\n'
            'printf \'{"runs": %s}\' "$runs"'
        ),
        {"key": {"type": "string"}, "until": {"type": "integer"}},
    ),
}
"""What the tasks run: code and parameters."""


async def make_actions(person: Person, pack: str) -> None:
    """Make the pack with the actions that the constructs are built of."""
    await person.make_pack(pack)
    for name, (code, schema) in ACTIONS.items():
        await person.make_action(
            f"{pack}.{name}",
            code,
            param_schema=schema,
            output_format="json",
            # A killed worker must not decide how a construct ends.
            on_worker_loss="rerun",
            max_attempts=20,
        )


async def make_workflow(
    person: Person, ref: str, tasks: Sequence[Mapping[str, Any]], **more: Any
) -> str:
    """Make a workflow and return its ref."""
    schemas = {key: more.pop(key, {}) for key in ("param_schema", "out_schema")}
    definition = {"version": "1.0.0", "tasks": list(tasks), **more}
    body = {
        "ref": ref,
        "pack_ref": ref.partition(".")[0],
        "label": ref,
        "version": "1.0.0",
        "definition": definition,
        **schemas,
    }
    await person.post("/api/v1/workflows", body)
    return ref


def task(name: str, action: str = "tell", **more: Any) -> dict[str, Any]:
    """Return a task; `do` is short for one transition that always fires."""
    targets = more.pop("do", None)
    if targets is not None:
        more["next"] = [{"do": targets}]
    return {"name": name, "action": action, **more}


@dataclass(frozen=True)
class Construct:
    """One use of the language."""

    name: str
    tasks: Sequence[Mapping[str, Any]]
    result: Mapping[str, Any] = field(default_factory=dict)
    """What the result must contain."""
    status: str = "completed"
    runs: Mapping[str, int] = field(default_factory=dict)
    """How many executions each task must have; others are not looked at."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)

    async def make(self, person: Person, pack: str) -> str:
        """Make the workflow and return its ref."""
        ref = f"{pack}.{self.name}"
        return await make_workflow(person, ref, self.tasks, **self.more)

    async def check(self, person: Person, execution_id: int) -> None:
        """Hold what it left against what it must give."""
        ended = await person.execution(execution_id)
        assert ended["status"] == self.status, ended
        for key, value in self.result.items():
            assert ended["result"].get(key) == value, (key, ended["result"])
        counts = await runs_of(person, execution_id)
        for name, count in self.runs.items():
            assert counts.get(name, 0) == count, (name, counts)


async def children_of(person: Person, execution_id: int) -> list[dict[str, Any]]:
    """Return the executions of a workflow's tasks, the first one first."""
    found: list[dict[str, Any]] = []
    page = 1
    while True:
        answer = await person.get(
            "/api/v1/executions", parent=execution_id, per_page=100, page=page
        )
        found += answer["items"]
        if not answer["pagination"]["has_next"]:
            return found[::-1]
        page += 1


async def runs_of(person: Person, execution_id: int) -> dict[str, int]:
    """Return how many executions each task of a workflow has."""
    counts: dict[str, int] = {}
    for child in await children_of(person, execution_id):
        name = child["workflow_task"]["task_name"]
        counts[name] = counts.get(name, 0) + 1
    return counts


_OK = "{{ succeeded() }}"

CONSTRUCTS = (
    Construct(
        "sequence",
        [task("one", input={"value": 1}, do=["two"]), task("two", input={"value": 2})],
        {"succeeded": True, "sum": 3},
        more={
            "output_map": {"sum": "{{ task.one.result.value + task.two.result.value }}"}
        },
        runs={"one": 1, "two": 1},
    ),
    Construct(
        "exclusive_branches",
        [
            task(
                "ask",
                input={"value": "{{ parameters.value }}"},
                next=[
                    {"when": "{{ succeeded() and result().value > 5 }}", "do": ["big"]},
                    {
                        "when": "{{ not (succeeded() and result().value > 5) }}",
                        "do": ["small"],
                    },
                ],
            ),
            task("big"),
            task("small"),
        ],
        parameters={"value": 7},
        runs={"big": 1, "small": 0},
        more={"param_schema": {"value": {"type": "integer"}}},
    ),
    Construct(
        "publish",
        [
            task(
                "first",
                input={"value": 4},
                next=[
                    {
                        "when": _OK,
                        "publish": [{"doubled": "{{ result().value * 2 }}"}, "value"],
                        "do": ["second"],
                    }
                ],
            ),
            task("second", input={"value": "{{ doubled + workflow.value + start }}"}),
        ],
        {"total": 112},
        more={
            "vars": {"start": 100},
            "output_map": {"total": "{{ task.second.result.value }}"},
        },
    ),
    Construct(
        "join_all",
        [
            task("left", "nap", do=["both"]),
            task("right", do=["both"]),
            task("both", join="all"),
        ],
        runs={"both": 1},
    ),
    Construct(
        "join_some",
        [
            task("a", do=["two"]),
            task("b", do=["two"]),
            task("c", "nap", input={"seconds": 2}, do=["two"]),
            task("two", join=2),
        ],
        runs={"two": 1, "c": 1},
    ),
    Construct(
        "join_that_cannot_fire",
        [
            task("good", do=["both"]),
            task("bad", "fail", next=[{"when": _OK, "do": ["both"]}]),
            task("both", join="all"),
        ],
        {"succeeded": False},
        status="failed",
        runs={"both": 0},
    ),
    Construct(
        "items",
        [
            task(
                "each",
                input={"value": "{{ item * 10 + index }}"},
                with_items="{{ parameters.numbers }}",
                concurrency=3,
            )
        ],
        {"values": [10, 21, 32, 43, 54, 65, 76]},
        parameters={"numbers": [1, 2, 3, 4, 5, 6, 7]},
        more={
            "param_schema": {"numbers": {"type": "array"}},
            "output_map": {
                "values": [f"{{{{ task.each.result[{n}].value }}}}" for n in range(7)]
            },
        },
        runs={"each": 7},
    ),
    Construct(
        "batches",
        [
            task(
                "each",
                input={"value": "{{ item }}"},
                with_items="{{ range(5) }}",
                batch_size=2,
            )
        ],
        {"count": 5},
        more={"output_map": {"count": "{{ length(task.each.result) }}"}},
        runs={"each": 5},
    ),
    Construct(
        "no_items",
        [
            task("each", with_items="{{ [] }}", do=["after"]),
            task("after", input={"value": "{{ length(task.each.result) }}"}),
        ],
        runs={"each": 0, "after": 1},
    ),
    Construct(
        "failed_item",
        [
            task(
                "each",
                "flaky",
                input={"key": "{{ parameters.key }}-{{ item }}", "until": "{{ item }}"},
                with_items="{{ [1, 2] }}",
                next=[
                    {"when": "{{ failed() }}", "do": ["after"]},
                    {"when": _OK, "do": ["never"]},
                ],
            ),
            task("after"),
            task("never"),
        ],
        parameters={"key": "failed-item"},
        runs={"each": 2, "after": 1, "never": 0},
        more={"param_schema": {"key": {"type": "string"}}},
    ),
    Construct(
        "retry",
        [
            task(
                "try",
                "flaky",
                input={"key": "{{ parameters.key }}", "until": 3},
                retry={
                    "count": 5,
                    "delay": 0.5,
                    "backoff": "exponential",
                    "max_delay": 1,
                },
            )
        ],
        parameters={"key": "retried"},
        more={"param_schema": {"key": {"type": "string"}}},
    ),
    Construct(
        "retry_given_up",
        [
            task(
                "try",
                "fail",
                retry={"count": 2, "delay": 0, "on_error": "{{ failed() }}"},
            )
        ],
        {"succeeded": False},
        status="failed",
        runs={"try": 3},
    ),
    Construct(
        "retry_not_wanted",
        [
            task(
                "try",
                "fail",
                retry={"count": 5, "delay": 0, "on_error": "{{ timed_out() }}"},
            )
        ],
        status="failed",
        runs={"try": 1},
    ),
    Construct(
        "time_limit",
        [
            task(
                "slow",
                "nap",
                input={"seconds": 600},
                timeout=2,
                on_timeout="late",
                on_failure="broken",
            ),
            task("late"),
            task("broken"),
        ],
        runs={"late": 1, "broken": 0},
    ),
    Construct(
        "delay",
        [task("first", do=["later"]), task("later", delay=2)],
        runs={"later": 1},
    ),
    Construct(
        "skipped",
        [
            task("maybe", when="{{ parameters.wanted }}", do=["after"]),
            task("after"),
        ],
        {"how": "skipped"},
        parameters={"wanted": False},
        runs={"maybe": 0, "after": 1},
        more={
            "param_schema": {"wanted": {"type": "boolean"}},
            "output_map": {"how": "{{ task.maybe.status }}"},
        },
    ),
    Construct(
        "parallel",
        [
            {
                "name": "all",
                "type": "parallel",
                "tasks": [
                    task("x", input={"value": 1}, do=["then"]),
                    task("then", input={"value": 2}),
                    task("y", input={"value": 3}),
                ],
                "next": [{"do": ["after"]}],
            },
            task("after", input={"value": "{{ task.all.result.then.value }}"}),
        ],
        {"value": 2},
        runs={"x": 1, "then": 1, "y": 1, "after": 1},
        more={"output_map": {"value": "{{ task.after.result.value }}"}},
    ),
    Construct(
        "decision",
        [
            task(
                "choose",
                input={"value": 2},
                decision=[
                    {"when": "{{ result().value == 1 }}", "next": "one"},
                    {"when": "{{ result().value == 2 }}", "next": "two"},
                    {"default": True, "next": "other"},
                ],
            ),
            task("one"),
            task("two"),
            task("other"),
        ],
        runs={"one": 0, "two": 1, "other": 0},
    ),
    Construct(
        "legacy_transitions",
        [
            task(
                "bad", "fail", on_success="good", on_failure="mend", on_complete="end"
            ),
            task("good"),
            task("mend"),
            task("end"),
        ],
        runs={"good": 0, "mend": 1, "end": 1},
    ),
    Construct(
        "loop",
        [
            task(
                "turn",
                input={"value": "{{ count }}"},
                next=[
                    {
                        "when": "{{ count < 4 }}",
                        "publish": [{"count": "{{ count + 1 }}"}],
                        "do": ["turn"],
                    }
                ],
            ),
            task("start", next=[{"do": ["turn"]}]),
        ],
        {"count": 4},
        more={"vars": {"count": 0}, "output_map": {"count": "{{ count }}"}},
        runs={"turn": 5},
    ),
    Construct(
        "unhandled_failure",
        [
            task("bad", "fail", next=[{"when": _OK, "do": ["after"]}]),
            task("other", "nap"),
            task("after"),
        ],
        {
            "succeeded": False,
            "error": "Workflow failed: 1 task(s) failed: bad: broken on purpose",
        },
        status="failed",
        runs={"after": 0, "other": 1},
    ),
    Construct(
        "inherited_parameters",
        [task("told")],
        {"value": 42},
        parameters={"value": 42},
        more={
            "param_schema": {"value": {"type": "integer"}},
            "output_map": {"value": "{{ task.told.result.value }}"},
        },
    ),
)
