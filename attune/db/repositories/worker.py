"""Workers as rows, and the load of each."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, select

from attune.db.models import Execution, SensorProcess, Worker
from attune.db.repositories.base import Repository
from attune.domain.execution import LIVE, ExecutionStatus
from attune.domain.sensor import MAY_LIVE


class WorkerRepository(Repository[Worker]):
    """The workers."""

    model = Worker
    newest_first = False

    async def find_by_name(self, name: str) -> Worker | None:
        """Return the worker of this name, or None."""
        return await self._one(select(Worker).where(Worker.name == name), None)

    async def lock_by_name(self, name: str) -> Worker | None:
        """Return the worker of this name under lock, or None."""
        query = select(Worker).where(Worker.name == name).with_for_update()
        return await self._one(query, None)

    async def load(
        self, worker_ids: Sequence[int]
    ) -> dict[int, dict[ExecutionStatus, int]]:
        """Return for each worker how many live executions it has in each status."""
        query = (
            select(Execution.worker_id, Execution.status, func.count())
            .where(Execution.worker_id.in_(worker_ids), Execution.status.in_(LIVE))
            .group_by(Execution.worker_id, Execution.status)
        )
        load: dict[int, dict[ExecutionStatus, int]] = {key: {} for key in worker_ids}
        for worker_id, status, count in await self._session.execute(query):
            if worker_id is not None:
                load[worker_id][status] = count
        return load

    async def sensor_counts(self, worker_ids: Sequence[int]) -> dict[int, int]:
        """Return for each worker how many processes of sensors it has."""
        query = (
            select(SensorProcess.worker_id, func.count())
            .where(
                SensorProcess.worker_id.in_(worker_ids),
                SensorProcess.state.in_([state.value for state in MAY_LIVE]),
            )
            .group_by(SensorProcess.worker_id)
        )
        rows = await self._session.execute(query)
        return {worker_id: count for worker_id, count in rows if worker_id is not None}

    def _order(self) -> tuple[ColumnElement[Any], ...]:
        return (Worker.name.asc(),)
