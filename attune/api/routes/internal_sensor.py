"""The processes of sensors, as their workers report them; only worker tokens enter."""

from typing import Any

from pydantic import BaseModel

from attune.api.dependencies import SensorRuns, WorkerCaller
from attune.api.parameters import RefPath
from attune.api.routing import Router
from attune.api.schemas.envelope import Data, Success, data, success
from attune.runtimes.sensor_launch import (
    SensorBeat,
    SensorEnd,
    SensorLaunch,
    SensorOrders,
    SensorStart,
    SensorToken,
)

router = Router(prefix="/internal/sensors", tags=["internal"])


class Generation(BaseModel):
    """The start that a worker speaks for."""

    generation: int


@router.post("/beat", response_model=Data[SensorOrders])
async def beat_sensors(
    body: SensorBeat, caller: WorkerCaller, sensors: SensorRuns
) -> Any:
    """Say which processes live; the answer says which have to end."""
    del caller
    return data(await sensors.beat(body.hosted))


@router.post("/{ref}/start", response_model=Data[SensorLaunch])
async def start_sensor(
    ref: RefPath, body: SensorStart, caller: WorkerCaller, sensors: SensorRuns
) -> Any:
    """Take a start of a sensor and learn what to run; 409 when it is not to be."""
    del caller
    return data(await sensors.start(ref, body))


@router.post("/{ref}/token", response_model=Data[SensorToken])
async def renew_sensor_token(
    ref: RefPath, body: Generation, caller: WorkerCaller, sensors: SensorRuns
) -> Any:
    """Give a process that lives its next token."""
    del caller
    return data(await sensors.renew(ref, body.generation))


@router.post("/{ref}/end", response_model=Success)
async def end_sensor(
    ref: RefPath, body: SensorEnd, caller: WorkerCaller, sensors: SensorRuns
) -> Any:
    """Record how a process ended."""
    del caller
    await sensors.end(ref, body)
    return success("taken")
