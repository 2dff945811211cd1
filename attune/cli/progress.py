"""How far an execution has come, as it tells in an artifact of type progress."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attune.cli.api_path import api_path
from attune.cli.output import printable

if TYPE_CHECKING:
    from attune.cli.client import ApiClient

_WIDTH = 20
_HUNDRED = 100


@dataclass(frozen=True)
class Progress:
    """The newest entry of a progress artifact."""

    percent: float | None = None
    message: str = ""

    def __str__(self) -> str:
        """Return it as one line without a bar."""
        parts = [] if self.percent is None else [f"{self.percent:.0f} %"]
        return " ".join([*parts, *([self.message] if self.message else [])])

    def bar(self, *, ascii_only: bool) -> str:
        """Return it as one line with a bar, if it says how much is done."""
        if self.percent is None:
            return self.message
        full, empty = ("#", "-") if ascii_only else ("█", "░")
        done = round(_WIDTH * self.percent / _HUNDRED)
        return f"{full * done}{empty * (_WIDTH - done)} {self}"


def newest_progress(client: "ApiClient", execution_id: int) -> Progress | None:
    """Ask how far the execution has come; None where it says nothing of it."""
    listed = client.get(api_path("executions", execution_id, "artifacts"))
    for artifact in listed if isinstance(listed, list) else []:
        if artifact.get("type") == "progress":
            whole = client.get(api_path("artifacts", artifact["id"]))
            return _last(whole.get("data"))
    return None


def _last(entries: object) -> Progress | None:
    if not (isinstance(entries, list) and entries and isinstance(entries[-1], dict)):
        return None
    percent, message = entries[-1].get("percent"), entries[-1].get("message")
    is_number = isinstance(percent, int | float) and not isinstance(percent, bool)
    return Progress(
        min(100.0, max(0.0, float(percent))) if is_number else None,  # type: ignore[arg-type]  # a number by now
        printable(message)[:200] if isinstance(message, str) else "",
    )
