"""Large, long and binary output is stored or cut as documented, and blocks nobody."""

import asyncio
import time
from datetime import datetime

from tests.e2e.conftest import Names
from tests.support.api import Person

LIMIT = 10_000_000
NOTICE = b"[OUTPUT TRUNCATED: stdout exceeded size limit]"


async def test_a_result_of_5_mb_is_stored_whole(person: Person, names: Names) -> None:
    pack = names.pack()
    await person.make_pack(pack)
    code = (
        """printf '{"text": "'; head -c 5000000 /dev/zero | tr '\\0' x; printf '"}'"""
    )
    large = await person.make_action(f"{pack}.large", code, output_format="json")

    ended = await person.ends(await person.execute(large))

    assert ended["status"] == "completed"
    assert ended["result"]["data"] == {"text": "x" * 5_000_000}


async def test_binary_output_does_not_fail_the_execution(
    person: Person, names: Names
) -> None:
    pack = names.pack()
    await person.make_pack(pack)
    code = r"printf 'a\000b\377c\n'"
    binary = await person.make_action(f"{pack}.binary", code)

    execution_id = await person.execute(binary)

    ended = await person.ends(execution_id)
    assert ended["status"] == "completed"
    assert "\x00" not in ended["result"]["stdout"]
    assert await _log(person, execution_id) == b"a\x00b\xffc\n"


async def test_a_million_lines_are_cut_at_the_limit_and_block_nobody(
    person: Person, names: Names
) -> None:
    pack = names.pack()
    await person.make_pack(pack)
    chatty = await person.make_action(
        f"{pack}.chatty", "seq -f 'line %.0f of many lines' 1000000"
    )
    begun_at = time.monotonic()

    execution_id = await person.execute(chatty)
    others = [await person.execute("core.noop") for _ in range(5)]

    for other in others:
        assert (await person.ends(other))["status"] == "completed"
    ended = await person.ends(execution_id)
    assert ended["status"] == "completed"
    assert ended["result"]["stdout_truncated"] is True
    log = await _log(person, execution_id)
    assert log.startswith(b"line 1 of many lines\nline 2 of many lines\n")
    assert NOTICE in log[-100:]
    assert LIMIT <= len(log) <= LIMIT + 100
    assert time.monotonic() - begun_at < 60


async def test_many_actions_run_at_the_same_time(person: Person, names: Names) -> None:
    pack = names.pack()
    await person.make_pack(pack)
    slow = await person.make_action(f"{pack}.slow", "sleep 2")

    ids = await asyncio.gather(*(person.execute(slow) for _ in range(8)))
    ends = await asyncio.gather(*(person.ends(each) for each in ids))

    assert {end["status"] for end in ends} == {"completed"}
    starts = [datetime.fromisoformat(end["started_at"]) for end in ends]
    finishes = [datetime.fromisoformat(end["finished_at"]) for end in ends]
    begun = [sum(start < finish for start in starts) for finish in finishes]
    assert min(begun) >= 4


async def _log(person: Person, execution_id: int) -> bytes:
    response = await person.http.get(f"/api/v1/executions/{execution_id}/logs/stdout")
    assert response.status_code == 200
    return response.content
