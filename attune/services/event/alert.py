"""Tell the platform's own rules that something of the platform went wrong."""

from attune.clock import utc_now
from attune.db.database import Transaction
from attune.db.repositories.attempt import LockedAttempt
from attune.services.event.intake import Intake, NewEvent

ALERT_TRIGGER = "core.alert"


async def raise_worker_alert(
    tx: Transaction, intake: Intake, execution_id: int, found: LockedAttempt
) -> None:
    """Emit `core.alert` for an abandoned execution, once (contract, d.8)."""
    correlation_id = f"execution:{execution_id}:worker_unavailable"
    await intake.accept(
        tx,
        NewEvent(
            trigger_ref=ALERT_TRIGGER,
            payload={
                "severity": "error",
                "category": "execution",
                "failure_type": "worker_unavailable",
                "component_type": "worker",
                "component_id": found.worker_id,
                "component_ref": found.worker_name,
                "worker_role": "action",
                "observed_at": utc_now().isoformat(),
                "summary": f"Execution {execution_id} of {found.action_ref} was "
                "abandoned: its worker is gone",
                "details": {"execution": execution_id, "action_ref": found.action_ref},
                "correlation_id": correlation_id,
            },
            config={"source": "platform"},
            trace_tag=found.trace_tag,
            idempotency_key=correlation_id,
            may_be_refused=False,
        ),
    )


async def raise_sensor_alert(
    tx: Transaction,
    intake: Intake,
    *,
    ref: str,
    generation: int,
    sensor_id: int | None,
    worker_name: str | None,
    error: str,
) -> None:
    """Emit `core.alert` for a sensor that fails again and again (contract, h)."""
    correlation_id = f"sensor:{ref}:{generation}:failing"
    await intake.accept(
        tx,
        NewEvent(
            trigger_ref=ALERT_TRIGGER,
            payload={
                "severity": "error",
                "category": "sensor",
                "failure_type": "sensor_failing",
                "component_type": "sensor",
                "component_id": sensor_id,
                "component_ref": ref,
                "worker_role": "sensor",
                "observed_at": utc_now().isoformat(),
                "summary": f"Sensor {ref} keeps failing: {error}",
                "details": {"worker": worker_name, "error": error},
                "correlation_id": correlation_id,
            },
            config={"source": "platform"},
            idempotency_key=correlation_id,
        ),
    )
