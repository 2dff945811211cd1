"""What became of a version that somebody was to write: its size, once that is over."""

import asyncio

from attune.artifacts.files import ArtifactFiles
from attune.db.database import Transaction
from attune.db.models import ArtifactVersion
from attune.domain.artifact import ArtifactBodyState
from attune.domain.execution import is_terminal


async def settled(
    tx: Transaction, files: ArtifactFiles, version: ArtifactVersion
) -> ArtifactVersion:
    """Return the version as it is, with its size once its execution has ended.

    Readers need not wait for the sweeper, and repeat nothing: what is ready stays so.
    """
    if version.body_state is not ArtifactBodyState.PENDING:
        return version
    if version.execution_id is None or version.file_path is None:
        return version
    status = await tx.attempts.status_of(version.execution_id)
    if status is None or not is_terminal(status):
        return version
    size = await asyncio.to_thread(files.size, version.file_path)
    if size is not None:
        await tx.artifact_versions.mark_ready(version, size)
    return version
