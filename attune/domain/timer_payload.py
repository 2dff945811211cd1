"""What the event of a timer says (contract, g.2)."""

from datetime import datetime, timedelta
from typing import Final

from attune.domain.json import JsonObject
from attune.domain.timer import (
    CronTimes,
    Interval,
    OneMoment,
    RecurrenceTimes,
    Timer,
)

SENSOR_REF: Final = "core.timer"
"""What timers call the sensor that they do without."""

_MILLISECOND: Final = timedelta(milliseconds=1)


def timer_payload(
    timer: Timer,
    *,
    due: datetime,
    fired_at: datetime,
    next_due: datetime | None,
    count: int,
) -> JsonObject:
    """Return the payload of the event for the time that was due."""
    payload: JsonObject = {"type": timer.kind.value, "fired_at": fired_at.isoformat()}
    delay = max((fired_at - due) // _MILLISECOND, 0)
    match timer.times:
        case Interval(every=every):
            payload["interval_seconds"] = every // timedelta(seconds=1)
        case CronTimes(cron=cron, zone=zone):
            payload["scheduled_at"] = due.isoformat()
            payload["expression"] = cron.text
            payload["timezone"] = zone.key
            if next_due is not None:
                payload["next_fire_at"] = next_due.isoformat()
        case OneMoment(fire_at=fire_at, zone=zone):
            payload["fire_at"] = fire_at.isoformat()
            payload["timezone"] = zone.key
            payload["delay_ms"] = delay
        case RecurrenceTimes():
            payload["scheduled_at"] = due.isoformat()
            payload["delay_ms"] = delay
    if not isinstance(timer.times, OneMoment):
        payload["execution_count"] = count
    return {**payload, "sensor_ref": SENSOR_REF}
