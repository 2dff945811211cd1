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


class Language:
    """The constructs, made and started all at once by the first test."""

    def __init__(self) -> None:
        self.pack = "language"
        self.started: dict[str, int] = {}

    async def start(self, person: Person) -> None:
        """Make every construct, then start every one."""
        await make_actions(person, self.pack)
        refs = {each.name: await each.make(person, self.pack) for each in CONSTRUCTS}
        for each in CONSTRUCTS:
            started = await person.execute(refs[each.name], **each.parameters)
            self.started[each.name] = started


@pytest.fixture(scope="module")
def shared() -> Language:
    """What the tests of this module share."""
    return Language()


@pytest.fixture
async def language(person: Person, shared: Language) -> Language:
    """The constructs, on their way."""
    if not shared.started:
        await shared.start(person)
    return shared


@pytest.fixture
def pack(language: Language) -> str:
    """A pack with the actions of all constructs."""
    return language.pack


@pytest.mark.parametrize("construct", CONSTRUCTS, ids=lambda each: each.name)
async def test_a_construct_does_what_it_says(
    person: Person, language: Language, construct: Construct
) -> None:
    execution_id = language.started[construct.name]

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


async def test_a_result_of_five_megabytes_is_read_where_it_is(
    person: Person, pack: str
) -> None:
    await person.make_action(
        f"{pack}.large",
        """printf '{"number": 7, "blob": "'
        head -c 5000000 /dev/zero | tr '\\0' x
        printf '"}'""",
        output_format="json",
    )
    await make_workflow(
        person,
        f"{pack}.heavy",
        [
            task("large", "large", do=["small"]),
            task("small", input={"value": "{{ task.large.result.number }}"}),
        ],
        output_map={"value": "{{ task.small.result.value }}"},
    )

    execution_id = await person.execute(f"{pack}.heavy")

    ended = await person.ends(execution_id)
    assert ended["result"] == {"succeeded": True, "value": 7}
    large, _ = await children_of(person, execution_id)
    result = (await person.execution(large["id"]))["result"]
    assert len(result["data"]["blob"]) == 5_000_000


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
