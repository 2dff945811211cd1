"""The names that Temporal knows us by: task queues, workflow ids, search attributes, failures."""

ORCHESTRATION_QUEUE = "attune-orchestrator"

UNEXPECTED = "UNEXPECTED"
"""The type of a failure that is no error of the family, but a mistake of ours."""

EXECUTION_ATTRIBUTE = "AttuneExecution"
ACTION_ATTRIBUTE = "AttuneAction"
PACK_ATTRIBUTE = "AttunePack"
TRACE_ATTRIBUTE = "AttuneTrace"


def runtime_queue(runtime_ref: str) -> str:
    """Return the task queue that workers offering this runtime poll."""
    return f"attune-action-{runtime_ref}"


def sensor_queue(runtime_ref: str) -> str:
    """Return the task queue of workers that host sensors of this runtime."""
    return f"attune-sensor-{runtime_ref}"


def sensor_workflow_id(sensor_ref: str) -> str:
    """Return the id of the workflow that keeps the process of a sensor."""
    return f"sensor-{sensor_ref}"


def execution_workflow_id(execution_id: int, generation: int = 0) -> str:
    """Return the id of the workflow that runs one execution.

    A generation above 0 is a fresh start after the former workflow vanished.
    """
    suffix = f"-{generation}" if generation else ""
    return f"execution-{execution_id}{suffix}"


def host_workflow_id(first_execution_id: int, generation: int = 0) -> str:
    """Return the id of a workflow that hosts several executions."""
    suffix = f"-{generation}" if generation else ""
    return f"executions-from-{first_execution_id}{suffix}"


def timer_name(rule_id: int) -> str:
    """Return the name of a timer: of its schedule, and of the run that sleeps for it."""
    return f"timer-{rule_id}"


def rule_of_timer(name: str) -> int | None:
    """Return the rule whose timer has this name, if it is one."""
    number = name.removeprefix("timer-")
    is_timer = number != name and number.isascii() and number.isdecimal()
    return int(number) if is_timer else None
