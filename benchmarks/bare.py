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


async def serve(role: str, address: str) -> None:
    """Poll one of the two queues until killed."""
    client = await Client.connect(address, data_converter=pydantic_data_converter)
    if role == "workflows":
        worker = Worker(client, task_queue=WORKFLOW_QUEUE, workflows=[BareWorkflow])
    else:
        worker = Worker(client, task_queue=ACTIVITY_QUEUE, activities=[noop])
    await worker.run()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2]))
