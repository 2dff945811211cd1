"""Writing the rows of a pack: new ones added, known ones changed, stale ones removed.

Rows that were made through the API are left alone in every case.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from attune.db.database import Transaction
from attune.db.models.pack import Pack
from attune.db.models.runtime import Runtime, RuntimeVersion
from attune.db.repositories.component import ComponentRepository
from attune.packs.component import RuntimeVersionDocument
from attune.packs.definition import Sourced
from attune.packs.manifest import ComponentDocument
from attune.services.component import write
from attune.services.pack.columns import Columns, version_columns


class Row(Protocol):
    """What the rows of all components have."""

    id: Any
    ref: Any
    is_adhoc: Any


R = TypeVar("R", bound=Any)


@dataclass
class Rows:
    """Writes the components of one pack."""

    tx: Transaction
    pack: Pack
    warnings: list[str] = field(default_factory=list)

    async def put(
        self,
        repository: ComponentRepository[R],
        model: type[R],
        wanted: Mapping[str, Columns],
    ) -> dict[str, R]:
        """Make the pack's rows what is wanted, and return them by ref."""
        known = {row.ref: row for row in await repository.find_by_pack(self.pack.id)}
        for ref, columns in wanted.items():
            row = known.get(ref)
            if row is None:
                known[ref] = model(ref=ref, pack_id=self.pack.id)
            elif row.is_adhoc:
                self.warnings.append(
                    f"{ref} was made through the API and stays as it is"
                )
                continue
            write(known[ref], columns)
        await repository.add_all(list(known.values()))
        return {ref: known[ref] for ref in wanted}

    async def remove_stale(
        self,
        repository: ComponentRepository[R],
        documents: Sequence[Sourced[ComponentDocument]],
    ) -> None:
        """Remove what the pack no longer defines."""
        await repository.remove_stale(
            self.pack.id, [each.document.ref for each in documents]
        )

    async def put_versions(
        self, runtime: Runtime, documents: Sequence[RuntimeVersionDocument]
    ) -> None:
        """Make the versions of a runtime what is wanted."""
        repository = self.tx.runtime_versions
        found = await repository.find_by_runtime(runtime.id)
        known = {row.version: row for row in found}
        wanted = {document.version: document for document in documents}
        for version in known.keys() - wanted.keys():
            await repository.remove(known[version])
        for version, document in wanted.items():
            row = known.get(version) or RuntimeVersion(
                runtime_id=runtime.id, version=version
            )
            write(row, version_columns(document))
            await repository.add(row)
