"""Runtimes and their versions."""

from collections.abc import Sequence

from sqlalchemy import any_, func, or_, select

from attune.db.models import Runtime, RuntimeVersion
from attune.db.repositories.base import Repository
from attune.db.repositories.component import ComponentRepository


class RuntimeRepository(ComponentRepository[Runtime]):
    """The runtimes."""

    model = Runtime
    searched = ("ref", "name", "description")

    async def find_by_alias(self, alias: str) -> Sequence[Runtime]:
        """Return the runtimes called so by ref, name or alias, in any case."""
        word = alias.lower()
        query = select(Runtime).where(
            or_(
                Runtime.ref == word,
                func.lower(Runtime.name) == word,
                any_(Runtime.aliases) == word,
            )
        )
        return await self._all(query.order_by(Runtime.ref))


class RuntimeVersionRepository(Repository[RuntimeVersion]):
    """The versions of runtimes."""

    model = RuntimeVersion

    async def find_by_runtime(self, runtime_id: int) -> Sequence[RuntimeVersion]:
        """Return the versions of a runtime in the order they were declared."""
        query = select(RuntimeVersion).where(RuntimeVersion.runtime_id == runtime_id)
        return await self._all(query.order_by(RuntimeVersion.id))
