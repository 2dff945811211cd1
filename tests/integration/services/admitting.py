"""Scenes for admission: an action, perhaps a policy, and executions that want to go."""

from collections.abc import Sequence
from typing import Any

from attune.clock import utc_now
from attune.db.database import Database
from attune.db.models import Action, Execution, Policy
from attune.domain.execution import ExecutionStatus
from attune.services.admission import AdmissionService
from attune.services.dispatch import DispatchService
from tests.integration.services.test_dispatch import service as dispatch_service
from tests.support.builders import make_action, make_execution, make_policy

S = ExecutionStatus


class Scene:
    """One action with a policy, and executions of it."""

    def __init__(self, database: Database, action: Action) -> None:
        self.database = database
        self.action = action
        self.service = AdmissionService(database)
        self.dispatch: DispatchService = dispatch_service(database)

    async def request(self, *configs: dict[str, Any], **fields: Any) -> list[int]:
        async with self.database.transaction() as tx:
            made = [
                await make_execution(tx, self.action, config=config, **fields)
                for config in configs
            ]
        return [each.id for each in made]

    async def row(self, execution_id: int) -> Execution:
        async with self.database.transaction() as tx:
            return await tx.executions.get(execution_id)

    async def statuses(self, ids: Sequence[int]) -> list[ExecutionStatus]:
        return [(await self.row(each)).status for each in ids]

    async def admitted(self, ids: Sequence[int]) -> list[int]:
        return [each for each in ids if (await self.row(each)).admitted_at is not None]

    async def set(self, ids: Sequence[int], **fields: Any) -> None:
        async with self.database.transaction() as tx:
            for each in ids:
                row = await tx.executions.lock(each)
                for name, value in fields.items():
                    setattr(row, name, value)

    async def change(self, policy: Policy, **fields: Any) -> None:
        async with self.database.transaction() as tx:
            row = await tx.policies.lock(policy.id)
            for name, value in fields.items():
                setattr(row, name, value)

    async def end(self, ids: Sequence[int]) -> None:
        await self.set(ids, status=S.COMPLETED, finished_at=utc_now())


async def scene(database: Database, **action: Any) -> Scene:
    async with database.transaction() as tx:
        return Scene(database, await make_action(tx, **action))


async def limited(database: Database, **policy: Any) -> tuple[Scene, Policy]:
    made = await scene(database)
    async with database.transaction() as tx:
        return made, await make_policy(tx, made.action, **policy)
