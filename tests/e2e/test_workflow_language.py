"""Every construct of the workflow language, on real servers."""

import itertools

import pytest

from tests.e2e.conftest import Names
from tests.support.api import Person
from tests.support.constructs import (
    CONSTRUCTS,
    Construct,
    children_of,
    make_actions,
    make_workflow,
    task,
)


@pytest.fixture(scope="module")
def made_packs() -> set[str]:
    """The packs that this module has made so far."""
    return set()


@pytest.fixture
async def pack(person: Person, made_packs: set[str]) -> str:
    """A pack with the actions of all constructs."""
    if not made_packs:
        await make_actions(person, "language")
        made_packs.add("language")
    return "language"


@pytest.mark.parametrize("construct", CONSTRUCTS, ids=lambda each: each.name)
async def test_a_construct_does_what_it_says(
    person: Person, pack: str, construct: Construct
) -> None:
    ref = await construct.make(person, pack)

    execution_id = await person.execute(ref, **construct.parameters)

    await person.ends(execution_id, seconds=60)
    await construct.check(person, execution_id)


async def test_workflows_are_nested_three_levels_deep(
    person: Person, pack: str
) -> None:
    await make_workflow(
        person,
        f"{pack}.inner",
        [task("leaf", input={"value": "{{ parameters.value + 1 }}"})],
        param_schema={"value": {"type": "integer"}},
        output_map={"value": "{{ task.leaf.result.value }}"},
    )
    for outer, inner in (("middle", "inner"), ("outer", "middle")):
        await make_workflow(
            person,
            f"{pack}.{outer}",
            [task("nested", inner, input={"value": "{{ parameters.value + 1 }}"})],
            param_schema={"value": {"type": "integer"}},
            output_map={"value": "{{ task.nested.result.value }}"},
        )

    top = await person.execute(f"{pack}.outer", value=1)

    ended = await person.ends(top)
    assert ended["result"] == {"succeeded": True, "value": 4}
    [middle] = await children_of(person, top)
    [inner_run] = await children_of(person, middle["id"])
    [leaf] = await children_of(person, inner_run["id"])
    assert leaf["action_ref"] == f"{pack}.tell"


async def test_items_one_by_one_do_not_overlap_and_several_at_once_do(
    person: Person, pack: str
) -> None:
    for name, more in (("serial", {}), ("wide", {"concurrency": 4})):
        await make_workflow(
            person,
            f"{pack}.{name}",
            [
                task(
                    "each",
                    "nap",
                    input={"seconds": 0.3},
                    with_items="{{ range(4) }}",
                    **more,
                )
            ],
        )

    serial = await person.execute(f"{pack}.serial")
    wide = await person.execute(f"{pack}.wide")

    await person.ends(serial)
    await person.ends(wide)
    spans = _spans(await children_of(person, serial))
    assert all(one[1] <= two[0] for one, two in itertools.pairwise(spans))
    spans = _spans(await children_of(person, wide))
    assert any(one[1] > two[0] for one, two in itertools.pairwise(spans))


async def test_a_retry_is_a_new_execution_of_the_first_attempt(
    person: Person, pack: str, names: Names
) -> None:
    key = names.pack()
    await make_workflow(
        person,
        f"{pack}.{key}",
        [
            task(
                "try",
                "flaky",
                input={"key": key, "until": 3},
                retry={"count": 3, "delay": 1, "backoff": "exponential"},
            )
        ],
    )

    execution_id = await person.execute(f"{pack}.{key}")

    await person.ends(execution_id)
    first, *later = await children_of(person, execution_id)
    assert "original_execution" not in first
    assert [each["original_execution"] for each in later] == [first["id"]] * 2
    told = [each["workflow_task"]["retry_count"] for each in (first, *later)]
    assert told == [0, 1, 2]


async def test_a_loop_without_an_end_ends_in_a_clear_error(
    person: Person, pack: str
) -> None:
    await make_workflow(
        person,
        f"{pack}.endless",
        [
            task("start", do=["turn"]),
            task("turn", when="{{ false }}", do=["turn"]),
        ],
    )

    execution_id = await person.execute(f"{pack}.endless")

    ended = await person.ends(execution_id, seconds=120)
    assert ended["status"] == "failed"
    assert "is this a loop without an end?" in ended["result"]["error"]


def _spans(children: list[dict[str, str]]) -> list[tuple[str, str]]:
    return sorted((each["started_at"], each["finished_at"]) for each in children)
