"""What workers report to, on a database of its own."""

from datetime import timedelta

from attune.db.database import Database
from attune.security.encryption import Encryption
from attune.security.tokens import Tokens
from attune.services.execution.attempt import AttemptService
from attune.services.workflow.advance import AdvanceService
from attune.services.workflow.succession import SuccessionService


def make_attempts(
    database: Database, encryption: Encryption, *, max_task_runs: int = 10_000
) -> AttemptService:
    """Return the service, with what follows the end of a workflow's task."""
    advancing = AdvanceService(database, encryption, max_task_runs=max_task_runs)
    return AttemptService(
        database,
        encryption,
        Tokens("s" * 32),
        token_grace=timedelta(seconds=60),
        succession=SuccessionService(database, advancing),
    )
