"""Whether a part works: asked from outside, as those who need it would."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import PollerInfo, TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

from attune.clock import utc_now
from attune.messages.names import ORCHESTRATION_QUEUE, runtime_queue
from attune.temporal.client import TemporalAddress, connect

ANSWER_SECONDS = 2.0
POLL_AGE = timedelta(minutes=2)
"""A poll lasts a minute; a queue not asked for longer than this has nobody."""

Queue = tuple[str, TaskQueueType.ValueType]

ORCHESTRATOR_QUEUES: Sequence[Queue] = (
    (ORCHESTRATION_QUEUE, TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW),
)
WORKER_QUEUES: Sequence[Queue] = tuple(
    (runtime_queue(f"core.{name}"), TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY)
    for name in ("shell", "python", "nodejs", "native", "builtin")
)


def reachable(host: str) -> str:
    """Return the address under which this host reaches what listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - nothing is bound


async def answers(host: str, port: int, path: str) -> bool:
    """Tell whether a GET of this path is answered with 200."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(f"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
                return b" 200 " in await reader.readline()
            finally:
                writer.close()
    except OSError:
        return False


class Pollers:
    """Who asks Temporal for work."""

    def __init__(self, where: TemporalAddress) -> None:
        self._where = where
        self._client: Client | None = None

    async def include(
        self, queues: Sequence[Queue], is_meant: Callable[[str], bool]
    ) -> bool:
        """Tell whether a poller with such an identity serves one of the queues."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                self._client = self._client or await connect(self._where)
                served = [await self._pollers(self._client, q) for q in queues]
        except (RPCError, RuntimeError, TimeoutError):
            return False
        oldest = utc_now() - POLL_AGE
        return any(
            is_meant(poller.identity)
            and poller.last_access_time.ToDatetime(oldest.tzinfo) > oldest
            for pollers in served
            for poller in pollers
        )

    async def _pollers(self, client: Client, queue: Queue) -> Sequence[PollerInfo]:
        name, kind = queue
        answer = await client.workflow_service.describe_task_queue(
            DescribeTaskQueueRequest(
                namespace=client.namespace,
                task_queue=TaskQueue(name=name),
                task_queue_type=kind,
            )
        )
        return answer.pollers
