"""What has to be known of an action to execute it."""

from dataclasses import dataclass

from attune.domain.json import JsonObject

DEFAULT_TIMEOUT_SECONDS = 300
"""How long a process may run when neither request nor action says."""


@dataclass(frozen=True, kw_only=True)
class ExecutableAction:
    """An action as it stands now."""

    id: int
    ref: str
    pack_ref: str
    runtime_ref: str | None
    is_executable: bool
    """Its runtime says how to execute code."""
    enabled: bool
    param_schema: JsonObject
    timeout_seconds: int | None

    def limit_seconds(self, requested: int | None) -> int:
        """Return how long it may run: the request first, then the action."""
        return requested or self.timeout_seconds or DEFAULT_TIMEOUT_SECONDS

    def obstacle(self) -> str | None:
        """Return why no worker could ever run it; None if one could."""
        if self.is_executable:
            return None
        if self.runtime_ref is None:
            return f"Action {self.ref} has no runtime"
        return f"Runtime {self.runtime_ref} of action {self.ref} cannot run actions"
