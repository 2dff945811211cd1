"""The smallest Temporal program that does the same: one workflow, one remote activity.

Run as `python -m benchmarks.bare workflows|activities ADDRESS` it is one of the two
workers; `python -m benchmarks` starts both and drives them.
"""

import asyncio
import sys
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker

WORKFLOW_QUEUE = "bench-workflows"
ACTIVITY_QUEUE = "bench-activities"


@activity.defn
async def noop(number: int) -> int:
    """Do nothing."""
    return number


@workflow.defn
class BareWorkflow:
    """One activity on another queue."""

    @workflow.run
    async def run(self, number: int) -> int:
        """Run the activity."""
        return await workflow.execute_activity(
            noop,
            number,
            task_queue=ACTIVITY_QUEUE,
            start_to_close_timeout=timedelta(minutes=1),
            heartbeat_timeout=timedelta(seconds=15),
        )


@workflow.defn
class BareTasks:
    """Many activities, one after the other or all at once."""

    @workflow.run
    async def run(self, count: int, at_once: bool) -> int:  # noqa: FBT001 - a message of two
        """Run so many activities."""
        if at_once:
            await asyncio.gather(*(_noop(number) for number in range(count)))
        else:
            for number in range(count):
                await _noop(number)
        return count


def _noop(number: int) -> "workflow.ActivityHandle[int]":
    return workflow.start_activity(
        noop,
        number,
        task_queue=ACTIVITY_QUEUE,
        start_to_close_timeout=timedelta(minutes=1),
        heartbeat_timeout=timedelta(seconds=15),
    )


async def serve(role: str, address: str) -> None:
    """Poll one of the two queues until killed."""
    client = await Client.connect(address, data_converter=pydantic_data_converter)
    if role == "workflows":
        worker = Worker(
            client, task_queue=WORKFLOW_QUEUE, workflows=[BareWorkflow, BareTasks]
        )
    else:
        worker = Worker(client, task_queue=ACTIVITY_QUEUE, activities=[noop])
    await worker.run()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2]))
