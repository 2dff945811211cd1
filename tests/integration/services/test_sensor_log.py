"""The log of a sensor: appended once, in segments, of which the last are kept."""

from typing import Any

import asyncpg
import pytest

from attune.db.database import Database
from attune.domain import sensor_log
from attune.domain.artifact import RetentionPolicyType
from attune.domain.permission import Action, Caller, Grant, Resource, TokenType
from attune.services.sensor import log as log_service
from tests.support.sensing import Sensing, make_sensing

READER = Caller(
    identity_id=1,
    login="reader",
    token_type=TokenType.ACCESS,
    grants=(Grant(resource=Resource.TRIGGERS, actions=frozenset({Action.READ})),),
)


async def read(
    sensing: Sensing, *, offset: int | None = None, tail: int | None = None
) -> tuple[bytes, int, int]:
    part = await sensing.logs.read(
        READER, sensing.sensor.ref, "stdout", offset=offset, tail=tail
    )
    return b"".join([chunk async for chunk in part.chunks]), part.start, part.end


async def test_what_is_written_is_read(database: Database) -> None:
    sensing = await make_sensing(database)
    ref = sensing.sensor.ref
    generation = await sensing.running()

    await sensing.logs.append(ref, generation, "stdout", 0, b"one\ntwo\n")
    await sensing.logs.append(ref, generation, "stdout", 0, b"one\ntwo\n")
    await sensing.logs.append(ref, generation, "stdout", 4, b"two\nthree\n")
    await sensing.logs.append(ref, generation, "stderr", 0, b"oh\n")

    assert await read(sensing) == (b"one\ntwo\nthree\n", 0, 14)
    assert await read(sensing, offset=8) == (b"three\n", 8, 14)
    assert await read(sensing, offset=99) == (b"", 14, 14)
    assert await read(sensing, tail=2) == (b"two\nthree\n", 4, 14)
    out, err = await sensing.logs.streams(READER, ref)
    assert out.artifact_ref == f"sensor.{ref}.stdout"
    assert (out.extent.end, err.extent.end) == (14, 3)


async def test_the_next_start_goes_on_in_the_same_log(database: Database) -> None:
    sensing = await make_sensing(database)
    for word in (b"first\n", b"second\n"):
        generation = await sensing.running()
        await sensing.logs.append(sensing.sensor.ref, generation, "stdout", 0, word)
        await sensing.end(generation, "stopped")

    assert (await read(sensing))[0] == b"first\nsecond\n"


@pytest.mark.parametrize(
    ("retention", "kept"),
    [
        ({}, b"ccddeeff"),
        (
            {
                "log_retention_policy": RetentionPolicyType.VERSIONS,
                "log_retention_limit": 2,
            },
            b"eeff",
        ),
    ],
)
async def test_the_last_segments_are_kept(
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    retention: dict[str, Any],
    kept: bytes,
) -> None:
    monkeypatch.setattr(log_service, "SEGMENT_BYTES", 3)
    sensing = await make_sensing(database, **retention)
    generation = await sensing.running()

    for place, letter in enumerate("abcdef"):
        await sensing.logs.append(
            sensing.sensor.ref, generation, "stdout", 2 * place, letter.encode() * 2
        )

    assert await read(sensing) == (kept, 12 - len(kept), 12)


def test_segments_are_those_of_the_contract() -> None:
    assert (sensor_log.SEGMENT_BYTES, sensor_log.KEPT_SEGMENTS) == (10 * 2**20, 4)


async def test_a_log_goes_with_its_sensor(
    database: Database, sql: asyncpg.Connection
) -> None:
    sensing = await make_sensing(database)
    generation = await sensing.running()
    await sensing.logs.append(sensing.sensor.ref, generation, "stdout", 0, b"one\n")
    await sensing.end(generation, "stopped")

    await sql.execute("DELETE FROM attune.sensor")

    for table in ("artifact", "artifact_version", "artifact_piece", "sensor_process"):
        assert await sql.fetchval(f"SELECT count(*) FROM attune.{table}") == 0, table  # noqa: S608 - our own names
