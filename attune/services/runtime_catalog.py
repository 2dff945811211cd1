"""The runtimes as workers need to know them."""

from typing import Any

from attune.db.database import Database
from attune.domain.page import PageRequest

MOST = 10_000


class RuntimeCatalogService:
    """Every runtime that can run code, with its versions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def runtimes(self) -> list[dict[str, Any]]:
        """Return the definitions in the order of their refs."""
        async with self._database.transaction() as tx:
            request = PageRequest(limit=MOST, with_total=False)
            found = (await tx.runtimes.page(request)).items
            return [
                {
                    "ref": runtime.ref,
                    "name": runtime.name,
                    "distributions": runtime.distributions,
                    "execution_config": runtime.execution_config,
                    "versions": [
                        {
                            "version": version.version,
                            "is_default": version.is_default,
                            "distributions": version.distributions,
                            "execution_config": version.execution_config,
                        }
                        for version in await tx.runtime_versions.find_by_runtime(
                            runtime.id
                        )
                    ],
                }
                for runtime in found
                if runtime.execution_config
            ]
