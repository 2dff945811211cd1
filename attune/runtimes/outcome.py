"""How a run ended, as the worker sees it."""

from dataclasses import dataclass, field

from attune.runtimes.output import Captured


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessOutcome:
    """The end of one run; all of its processes and files are gone by then."""

    exit_code: int | None = None
    """None when it was not started or was lost sight of; as in a shell, 128 + N stands
    for the signal N."""
    signal: int | None = None
    duration_ms: int = 0
    stdout: Captured = field(default_factory=Captured)
    stderr: Captured = field(default_factory=Captured)
    timed_out: bool = False
    """Ended because its time limit passed."""
    cancelled: bool = False
    """Ended, or never started, because somebody wished so."""
    error: str | None = None
    """Why there was no process, or why its end is not known; meant for people."""
    survivor_count: int = 0
    """Processes that could not be killed; 0 but for other users' and stuck ones."""

    @property
    def succeeded(self) -> bool:
        """Whether the process ended by itself and with 0."""
        return self.exit_code == 0 and not (self.timed_out or self.cancelled)
