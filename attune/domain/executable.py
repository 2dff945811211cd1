"""What has to be known of an action to execute it."""

from dataclasses import dataclass
from typing import Final

from attune.domain.json import JsonObject

ENGINE: Final = "core.builtin"
"""The runtime of what the engine does itself: no process is started for it."""

DEFAULT_TIMEOUT_SECONDS = 300
"""How long a process may run when neither request nor action says."""


@dataclass(frozen=True, kw_only=True)
class ExecutableAction:
    """An action as it stands now."""

    id: int | None
    """None for one that is not there."""
    ref: str
    pack_ref: str
    runtime_ref: str | None
    is_executable: bool
    """Its runtime says how to execute code, or the engine itself knows how."""
    enabled: bool
    param_schema: JsonObject
    timeout_seconds: int | None

    def limit_seconds(self, requested: int | None) -> int | None:
        """Return how long it may run: the request first, then the action.

        What the engine does itself may take as long as people take to answer.
        """
        default = None if self.runtime_ref == ENGINE else DEFAULT_TIMEOUT_SECONDS
        return requested or self.timeout_seconds or default

    def obstacle(self) -> str | None:
        """Return why no worker could ever run it; None if one could."""
        if self.is_executable:
            return None
        if self.runtime_ref is None:
            return f"Action {self.ref} has no runtime"
        if self.runtime_ref == ENGINE:
            return f"Action {self.ref} has no workflow that could be run"
        return f"Runtime {self.runtime_ref} of action {self.ref} cannot run actions"
