"""Run a launch on this machine: its pack, its process, its live output, its result."""

from attune.domain.errors import ActionFailed
from attune.domain.execution import ExecutionStatus
from attune.domain.result import ProcessFacts, compose_result
from attune.runtimes.launch import ActionLaunch
from attune.runtimes.outcome import ProcessOutcome
from attune.runtimes.output import Captured, Sink, notice
from attune.runtimes.report import AttemptEnd, OutputTail
from attune.runtimes.run import ActionLauncher
from attune.runtimes.stream import Stream
from attune.worker.api_client import Refused, WorkerApi
from attune.worker.attempt import Attempt
from attune.worker.pack_files import PackFiles
from attune.worker.written_files import WrittenFiles


class LocalActions:
    """What the runner needs to run a launch here."""

    def __init__(
        self,
        launcher: ActionLauncher,
        packs: PackFiles,
        api: WorkerApi,
        written: WrittenFiles,
    ) -> None:
        self._launcher = launcher
        self._packs = packs
        self._api = api
        self._written = written

    async def run(self, launch: ActionLaunch, attempt: Attempt) -> AttemptEnd:
        """Run the process to its end; what is returned has yet to be recorded."""
        outcome = await self._outcome(launch, attempt)
        await self._written.send(launch.execution_id)
        return AttemptEnd(
            attempt_id=attempt.id,
            status=_status(outcome, attempt),
            result=compose_result(_facts(outcome, launch), launch.output_format),
            stdout=_tail(outcome.stdout),
            stderr=_tail(outcome.stderr),
        )

    async def _outcome(self, launch: ActionLaunch, attempt: Attempt) -> ProcessOutcome:
        try:
            pack_dir = await self._packs.directory(launch.pack_ref, launch.pack_hash)
        except ActionFailed as error:
            return ProcessOutcome(error=error.message)
        return await self._launcher.run(
            launch, pack_dir, self._sink(attempt), attempt.cancelled
        )

    def _sink(self, attempt: Attempt) -> Sink:
        async def take(stream: Stream, offset: int, content: bytes) -> None:
            try:
                await self._api.append_output(
                    attempt.execution_id, attempt.id, stream.value, offset, content
                )
            except Refused:
                # The attempt is no longer ours; its end will say so.
                attempt.cancelled.set()

        return take


def _status(outcome: ProcessOutcome, attempt: Attempt) -> ExecutionStatus:
    if outcome.timed_out:
        return ExecutionStatus.TIMEOUT
    if outcome.cancelled:
        if attempt.worker_stops:
            return ExecutionStatus.ABANDONED
        return ExecutionStatus.CANCELLED
    if outcome.succeeded:
        return ExecutionStatus.COMPLETED
    return ExecutionStatus.FAILED


def _facts(outcome: ProcessOutcome, launch: ActionLaunch) -> ProcessFacts:
    return ProcessFacts(
        exit_code=outcome.exit_code,
        duration_ms=outcome.duration_ms,
        stdout=_written(outcome.stdout, Stream.STDOUT),
        stderr=_written(outcome.stderr, Stream.STDERR),
        stdout_dropped=outcome.stdout.dropped_bytes,
        stderr_dropped=outcome.stderr.dropped_bytes,
        timed_out_after=launch.timeout_seconds if outcome.timed_out else None,
        cancelled=outcome.cancelled,
        error=outcome.error,
    )


def _written(captured: Captured, stream: Stream) -> bytes:
    """Return what was kept without the notice, which the result has a place for."""
    if not captured.truncated:
        return captured.content
    return captured.content.removesuffix(notice(stream))


def _tail(captured: Captured) -> OutputTail:
    return OutputTail.model_construct(
        offset=captured.streamed_bytes, content=captured.unstreamed
    )
