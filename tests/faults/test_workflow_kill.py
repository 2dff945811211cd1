"""Every construct of the workflow language again, with a part killed in mid-run."""

import asyncio
import signal

import pytest

from attune.stack.stack import Stack
from tests.support.api import Person
from tests.support.constructs import CONSTRUCTS, Construct, make_actions

PARTS = ("orchestrator", "worker", "api", "temporal", "postgres")

# It counts runs of an action, and a run that is lost is run again.
COUNTS_RUNS = {"failed_item"}


@pytest.mark.timeout(600)
async def test_no_construct_minds_a_part_being_killed(
    stack: Stack, person: Person
) -> None:
    await make_actions(person, "killed")
    constructs = [each for each in CONSTRUCTS if each.name not in COUNTS_RUNS]
    refs = {each.name: await each.make(person, "killed") for each in constructs}

    started: list[tuple[Construct, int]] = []
    for part in PARTS:
        started += [
            (each, await _start(person, refs[each.name], each, part))
            for each in constructs
        ]
        await asyncio.sleep(0.5)
        stack.kill(part, signal.SIGKILL)
        await stack.wait_ready(part)

    for construct, execution_id in started:
        await person.patiently_ends(execution_id, seconds=150)
        await construct.check(person, execution_id)


async def _start(person: Person, ref: str, construct: Construct, part: str) -> int:
    parameters = dict(construct.parameters)
    if "key" in parameters:
        parameters["key"] = f"{parameters['key']}-{part}"
    return await person.execute(ref, **parameters)
