"""The internal routes of sensors, on a worker's line to the API."""

import asyncio
from collections.abc import Sequence

from attune.domain.errors import Unavailable
from attune.runtimes.sensor_launch import (
    HostedSensor,
    SensorBeat,
    SensorEnd,
    SensorLaunch,
    SensorOrders,
    SensorStart,
    SensorToken,
)
from attune.worker.api_client import WorkerApi, persist

BEAT_WITHIN_SECONDS = 4.0
END_WITHIN_SECONDS = 30.0


class SensorApi:
    """What a worker says of the sensors it hosts."""

    def __init__(self, api: WorkerApi) -> None:
        self._api = api

    async def start(self, ref: str, start: SensorStart) -> SensorLaunch:
        """Take a start and learn what to run; Refused if it is not ours."""
        content = start.model_dump_json().encode()
        answer = await persist(lambda: self._api.post(_path(ref, "start"), content))
        return SensorLaunch.model_validate(answer["data"])

    async def beat(self, hosted: Sequence[HostedSensor]) -> SensorOrders:
        """Tell what lives; one short try, since the next beat is near."""
        content = SensorBeat(hosted=list(hosted)).model_dump_json().encode()
        try:
            async with asyncio.timeout(BEAT_WITHIN_SECONDS):
                answer = await self._api.post("/internal/sensors/beat", content)
        except TimeoutError as error:
            raise Unavailable("the API is slow") from error
        return SensorOrders.model_validate(answer["data"])

    async def renew(self, hosted: HostedSensor) -> SensorToken:
        """Return the next token; Refused when the start is over."""
        content = hosted.model_dump_json(include={"generation"}).encode()
        path = _path(hosted.ref, "token")
        answer = await persist(lambda: self._api.post(path, content))
        return SensorToken.model_validate(answer["data"])

    async def append_log(
        self, hosted: HostedSensor, stream: str, offset: int, content: bytes
    ) -> None:
        """Append to the log; what was appended before at this offset is kept."""
        path = _path(
            hosted.ref,
            f"output/{stream}?generation={hosted.generation}&offset={offset}",
        )
        await persist(lambda: self._api.post_bytes(path, content))

    async def end(self, ref: str, end: SensorEnd) -> None:
        """Record an end, for a while; then the silence says enough."""
        content = end.model_dump_json().encode()
        async with asyncio.timeout(END_WITHIN_SECONDS):
            await persist(lambda: self._api.post(_path(ref, "end"), content))


def _path(ref: str, what: str) -> str:
    return f"/internal/sensors/{ref}/{what}"
