"""Actions."""

from collections.abc import Sequence

from sqlalchemy import select

from attune.db.models import Action
from attune.db.repositories.component import ComponentRepository


class ActionRepository(ComponentRepository[Action]):
    """The actions."""

    model = Action

    async def find_by_workflow(self, workflow_def_id: int) -> Sequence[Action]:
        """Return the actions that run this workflow definition."""
        query = select(Action).where(Action.workflow_def_id == workflow_def_id)
        return await self._all(query.order_by(Action.ref))
