"""What a worker says about the executions it runs, fenced by the attempt."""

import logging
from datetime import timedelta
from typing import Any, cast

from attune.db.database import Database, Transaction
from attune.db.repositories.attempt import StartedExecution
from attune.db.repositories.succession import EndAndStart
from attune.domain.errors import (
    AttuneError,
    Conflict,
    InvalidInput,
    NotFound,
    TooLarge,
    Unavailable,
)
from attune.domain.execution import ExecutionStatus, is_terminal
from attune.domain.json import JsonObject
from attune.domain.permission import TokenType
from attune.runtimes.launch import ActionLaunch
from attune.runtimes.report import (
    AttemptEnd,
    AttemptRecord,
    AttemptStart,
    NextAttempt,
    OutputTail,
)
from attune.security.encryption import Encryption, Undecryptable
from attune.security.tokens import Tokens
from attune.services.execution.launch import (
    choose_runtime,
    compose_launch,
    owned_values,
)
from attune.services.execution.references import SecretReader, referring_names
from attune.services.execution.write import unseal
from attune.services.inquiry.hold import end_asking
from attune.services.secret_audit import note_read_for
from attune.services.workflow.succession import SuccessionService

logger = logging.getLogger(__name__)

LARGEST_LOG_BYTES = 11_000_000
"""The worker's limit of 10 MB a stream, and the notice that ends a cut one."""


class AttemptService:
    """Starts, output and ends; each repeated call is answered like the first.

    Each statement commits by itself: every one is guarded, and what a crash leaves out
    is done by the repeated call.
    """

    def __init__(
        self,
        database: Database,
        encryption: Encryption,
        tokens: Tokens,
        *,
        token_grace: timedelta,
        succession: SuccessionService,
    ) -> None:
        self._database = database
        self._succession = succession
        self._encryption = encryption
        self._tokens = tokens
        self._token_grace = token_grace

    async def start(self, execution_id: int, start: AttemptStart) -> ActionLaunch:
        """Move the execution to running and tell what only its worker may know.

        Raises Conflict, with the status on record, when it is not to be started.
        """
        async with self._database.autocommit() as tx:
            started = await tx.attempts.start(
                execution_id, start.attempt_id, start.worker_id
            )
            if started is None:
                raise await _refusal(tx, execution_id)
            return await self._launch(tx, started, start.worker_id)

    async def _launch(
        self, tx: Transaction, started: StartedExecution, worker_id: int
    ) -> ActionLaunch:
        """Tell what to run; what cannot be run fails, and no other worker need try."""
        try:
            return await self._compose(tx, started, worker_id)
        except (InvalidInput, Undecryptable) as error:
            error_text = error.message
            result = {"succeeded": False, "error": error_text}
            await tx.attempts.end(started.id, ExecutionStatus.FAILED, result)
        raise Conflict(error_text, status=ExecutionStatus.FAILED)

    async def _compose(
        self, tx: Transaction, started: StartedExecution, worker_id: int
    ) -> ActionLaunch:
        secrets = unseal(self._encryption, started.id, started.secrets or {})
        keys, secret_names = owned_values(self._encryption, started)
        reader = SecretReader(tx, self._encryption, started.executor_id)
        references = started.secret_references or ()
        config = await reader.filled({**started.config, **secrets}, references)
        runtime = await choose_runtime(tx, started, worker_id)
        own = (key["ref"] for key in started.keys or () if key["encrypted"])
        await note_read_for(
            tx,
            started.id,
            worker_id=worker_id,
            executor_id=started.executor_id,
            secrets=sorted({*own, *reader.read}),
        )
        return compose_launch(
            started,
            runtime,
            parameters={**keys, **config},
            secret=secret_names | referring_names(started.secret_references),
            token=self._token(started),
        )

    async def append_output(
        self, execution_id: int, attempt_id: str, stream: str, tail: OutputTail
    ) -> None:
        """Keep a piece of output; repeating it changes nothing."""
        if tail.offset + len(tail.content) > LARGEST_LOG_BYTES:
            raise TooLarge(what="The output of one stream", limit=LARGEST_LOG_BYTES)
        async with self._database.autocommit() as tx:
            await _append(tx, execution_id, attempt_id, stream, tail)

    async def finish(self, execution_id: int, end: AttemptEnd) -> AttemptRecord:
        """Record the end of the attempt that started it.

        Answers running while an inquiry of the execution is open: the end is held. A
        repeated call answers the recorded end, and the same execution that is to be run
        next, if that is wished for; another attempt's is Conflict.
        """
        if not is_terminal(end.status):
            raise Conflict("An attempt ends with a terminal status")
        async with self._database.autocommit() as tx:
            for stream, tail in (("stdout", end.stdout), ("stderr", end.stderr)):
                await _append(tx, execution_id, end.attempt_id, stream, tail)
            if end.next is None:
                has_ended, started = await _finish(tx, execution_id, end), None
            else:
                has_ended, started = await _finish_and_start(
                    tx, execution_id, end, end.next
                )
        record = AttemptRecord(execution_id=execution_id, status=end.status)
        if not has_ended:
            record = await self._finish_otherwise(execution_id, end)
        if end.next is None or not is_terminal(record.status):
            return record
        return await self._with_next(record, end.next, started)

    async def _with_next(
        self,
        record: AttemptRecord,
        wish: NextAttempt,
        started: StartedExecution | None,
    ) -> AttemptRecord:
        """Add what follows; the end is on record, whatever becomes of that."""
        try:
            started = started or await self._succession.start_next(
                record.execution_id, wish
            )
            if started is None:
                return record
            async with self._database.autocommit() as tx:
                launch = await self._launch(tx, started, wish.worker_id)
        except Unavailable:
            raise  # the repeated call is answered with the same
        except AttuneError:
            return record.model_copy(update={"unsure": True})
        except Exception:
            logger.exception("next not found", extra={"after": record.execution_id})
            return record.model_copy(update={"unsure": True})
        return record.model_copy(update={"next": launch})

    async def _finish_otherwise(
        self, execution_id: int, end: AttemptEnd
    ) -> AttemptRecord:
        """Finish what has asked something, or answer what is on record."""
        async with self._database.transaction() as tx:
            status = await end_asking(tx, execution_id, end)
            if status is None:
                return await _recorded(tx, execution_id, end.attempt_id)
        return AttemptRecord(execution_id=execution_id, status=status)

    def _token(self, started: StartedExecution) -> str | None:
        """Make the execution's own token; none when it was given no permissions."""
        if not started.permission_set_refs:
            return None
        metadata: dict[str, Any] = {
            "execution_id": started.id,
            "action_ref": started.action_ref,
            "permission_set_refs": started.permission_set_refs,
        }
        return self._tokens.sign(
            TokenType.EXECUTION,
            identity_id=started.executor_id,
            login=f"execution:{started.id}",
            lifetime=timedelta(seconds=started.timeout_seconds) + self._token_grace,
            scope="execution",
            metadata=metadata,
        )


async def _append(
    tx: Transaction, execution_id: int, attempt_id: str, stream: str, tail: OutputTail
) -> None:
    if tail.content:
        await tx.attempts.append_output(
            execution_id, attempt_id, stream, tail.offset, tail.content
        )


async def _finish(tx: Transaction, execution_id: int, end: AttemptEnd) -> bool:
    return await tx.attempts.finish(
        execution_id, end.attempt_id, end.status, end.result
    )


async def _finish_and_start(
    tx: Transaction, execution_id: int, end: AttemptEnd, wish: NextAttempt
) -> tuple[bool, StartedExecution | None]:
    return await tx.succession.finish_and_start(
        execution_id,
        EndAndStart(
            attempt_id=end.attempt_id,
            status=end.status,
            result=cast("JsonObject", end.result),
            next_attempt_id=wish.attempt_id,
            worker_id=wish.worker_id,
            activity_of=wish.activity_of,
            limit_seconds=wish.limit_seconds,
        ),
    )


async def _refusal(tx: Transaction, execution_id: int) -> Exception:
    status = await tx.attempts.status_of(execution_id)
    if status is None:
        return NotFound(entity="execution", ref=execution_id)
    return Conflict(
        f"Execution {execution_id} is not to be started: {status}", status=status
    )


async def _recorded(
    tx: Transaction, execution_id: int, attempt_id: str
) -> AttemptRecord:
    status = await tx.attempts.status_of(execution_id)
    if status is None:
        raise NotFound(entity="execution", ref=execution_id)
    recorded, recorded_attempt = await tx.attempts.recorded(execution_id)
    if recorded_attempt != attempt_id or not is_terminal(recorded):
        raise Conflict(
            f"Execution {execution_id} belongs to another attempt", status=recorded
        )
    return AttemptRecord(execution_id=execution_id, status=recorded)
