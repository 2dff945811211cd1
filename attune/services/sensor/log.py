"""What sensors write: taken from their workers, read by people."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from attune.db.database import Database, Transaction
from attune.db.repositories.sensor import visible_sensors
from attune.db.repositories.sensor_log import LogExtent, LogWriter, Segment
from attune.domain.errors import Conflict
from attune.domain.permission import Caller
from attune.domain.sensor_log import (
    KEPT_SEGMENTS,
    SEGMENT_BYTES,
    kept_for,
    kept_segments,
    last_lines,
    log_artifact_ref,
)

STREAMS: Final = ("stdout", "stderr")
CHUNK_BYTES: Final = 1_000_000
TAIL_BYTES: Final = 2_000_000
"""The last lines are looked for in so much."""


@dataclass(frozen=True, kw_only=True)
class SensorLog:
    """One stream of a sensor, as far as it is kept."""

    stream: str
    artifact_ref: str
    extent: LogExtent


@dataclass(frozen=True, kw_only=True)
class LogPart:
    """A part of a stream, and where it lies in all that the sensor ever wrote."""

    start: int
    end: int
    chunks: AsyncIterator[bytes]


class SensorLogService:
    """The logs of sensors."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(
        self, ref: str, generation: int, stream: str, offset: int, content: bytes
    ) -> None:
        """Keep what a process wrote at this offset; repeating it changes nothing."""
        async with self._database.transaction() as tx:
            writer = await tx.sensor_logs.lock(ref, generation, stream)
            if writer is None:
                raise Conflict(f"Start {generation} of sensor {ref} is over")
            fresh = content[max(0, writer.taken - offset) :]
            if not fresh:
                return
            await _write(tx, ref, log_artifact_ref(ref, stream), writer, fresh)
            await tx.sensor_logs.note_taken(ref, stream, offset + len(content))

    async def streams(self, caller: Caller, ref: str) -> list[SensorLog]:
        """Return both streams of a sensor."""
        async with self._database.transaction() as tx:
            sensor = await tx.sensors.get_by_ref(ref, among=visible_sensors(caller))
            return [await _log(tx, sensor.ref, stream) for stream in STREAMS]

    async def read(
        self,
        caller: Caller,
        ref: str,
        stream: str,
        *,
        offset: int | None,
        tail: int | None,
    ) -> LogPart:
        """Return what is kept from an offset on, or the last lines, or everything."""
        async with self._database.transaction() as tx:
            sensor = await tx.sensors.get_by_ref(ref, among=visible_sensors(caller))
            log = await _log(tx, sensor.ref, stream)
            start = min(max(offset or 0, log.extent.start), log.extent.end)
            if tail is not None:
                return await _tail(tx, sensor.ref, log, tail)
        chunks = self._chunks(sensor.ref, log.artifact_ref, start, log.extent.end)
        return LogPart(start=start, end=log.extent.end, chunks=chunks)

    async def _chunks(
        self, ref: str, artifact_ref: str, start: int, end: int
    ) -> AsyncIterator[bytes]:
        for place in range(start, end, CHUNK_BYTES):
            until = min(end, place + CHUNK_BYTES)
            async with self._database.transaction() as tx:
                chunk = await tx.sensor_logs.read(ref, artifact_ref, place, until)
            yield chunk


async def _write(
    tx: Transaction, ref: str, artifact_ref: str, writer: LogWriter, content: bytes
) -> None:
    logs = tx.sensor_logs
    kept = kept_segments(writer.policy, writer.retained)
    artifact_id = await logs.artifact_id(ref, artifact_ref, kept or KEPT_SEGMENTS)
    segment: Segment | None = await logs.last_segment(artifact_id)
    if segment is None or segment.size_bytes + len(content) > SEGMENT_BYTES:
        segment = await logs.add_segment(ref, artifact_id, segment)
        age = kept_for(writer.policy, writer.retained)
        await logs.remove_old(artifact_id, segment, kept=kept, age=age)
    await logs.add_piece(segment, content)


async def _log(tx: Transaction, ref: str, stream: str) -> SensorLog:
    artifact_ref = log_artifact_ref(ref, stream)
    extent = await tx.sensor_logs.extent(ref, artifact_ref)
    return SensorLog(stream=stream, artifact_ref=artifact_ref, extent=extent)


async def _tail(tx: Transaction, ref: str, log: SensorLog, count: int) -> LogPart:
    end = log.extent.end
    start = max(log.extent.start, end - TAIL_BYTES)
    content = await tx.sensor_logs.read(ref, log.artifact_ref, start, end)
    lines = last_lines(content, count)

    async def chunks() -> AsyncIterator[bytes]:
        yield lines

    return LogPart(start=end - len(lines), end=end, chunks=chunks())
