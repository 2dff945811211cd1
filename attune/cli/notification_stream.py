"""The stream of notifications, resumed where it broke."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from attune.cli.api_path import api_path
from attune.cli.document import JsonObject
from attune.cli.errors import Refused, Unreachable
from attune.cli.event_stream import ServerSentEvent

if TYPE_CHECKING:
    from attune.cli.client import ApiClient

FIRST_PAUSE_SECONDS: Final = 0.25
LONGEST_PAUSE_SECONDS: Final = 5.0
_PASSING: Final = frozenset({429, 502, 503, 504})


class NotificationStream:
    """Goes on for ever, or until the server refuses."""

    def __init__(
        self, client: "ApiClient", filters: Sequence[str], after: str | None
    ) -> None:
        self._client = client
        self._filters = list(filters)
        self._after = after
        self._pause = FIRST_PAUSE_SECONDS

    def told(self, note: Callable[[str], None]) -> Iterator[JsonObject]:
        """Yield notifications; `note` is told what concerns the connection."""
        while True:
            try:
                yield from self._connected(note)
            except Unreachable as error:
                self._wait(note, error.message)
            except Refused as error:
                # The first answer counts; later ones may be a server that starts.
                if self._after is None or error.status not in _PASSING:
                    raise
                self._wait(note, error.message)

    def _connected(self, note: Callable[[str], None]) -> Iterator[JsonObject]:
        path = api_path("notifications", "stream")
        query: dict[str, Any] = {"filter": self._filters or None, "after": self._after}
        with self._client.events(path, query) as events:
            for event in events:
                self._pause = FIRST_PAUSE_SECONDS
                yield from self._read(event, note)
                self._after = event.id or self._after
        self._wait(note, None)

    def _read(
        self, event: ServerSentEvent, note: Callable[[str], None]
    ) -> Iterator[JsonObject]:
        if event.event == "gap":
            note(event.data)
        elif event.data:
            yield json.loads(event.data)

    def _wait(self, note: Callable[[str], None], problem: str | None) -> None:
        if problem is not None and self._pause == FIRST_PAUSE_SECONDS:
            note(f"{problem} (trying again)")
        time.sleep(self._pause)
        self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)
