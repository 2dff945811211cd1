"""What crosses Temporal while a sensor is kept alive: its ref and small numbers."""

from attune.domain.sensor import StepKind
from attune.messages.base import Message


class SensorWatch(Message):
    """Keep the process of this sensor alive for as long as one is wanted."""

    sensor_ref: str


class SensorQuestion(Message):
    """What is to be done about the process of this sensor?"""

    sensor_ref: str
    carried: int | None = None
    """The generation that a worker has been given, if one has."""
    declined: bool = False
    """The worker that was given the last one had no room."""


class SensorOrder(Message):
    """What the workflow of a sensor is to do next."""

    kind: StepKind
    wait_seconds: float = 0.0
    generation: int = 0
    queue: str = ""
    """The task queue of the sensor's runtime."""


class SensorRun(Message):
    """Run the process of this sensor, unless its generation is over."""

    sensor_ref: str
    generation: int


class SensorOutcome(Message):
    """What came of running it, beyond what the API was told."""

    sensor_ref: str
    declined: bool = False
    """The worker has no room."""
