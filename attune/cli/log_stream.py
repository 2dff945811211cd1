"""One output stream of one execution, resumable at the byte where it broke."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from attune.cli.api_path import api_path
from attune.cli.errors import CommandError
from attune.cli.event_stream import ServerSentEvent

if TYPE_CHECKING:
    from attune.cli.client import ApiClient

STREAMS = ("stdout", "stderr")


class LogStream:
    """The text of one stream; after a lost connection, read on with `pieces` again."""

    def __init__(self, client: "ApiClient", execution_id: int, stream: str) -> None:
        self.stream = stream
        self.offset = 0
        self.is_complete = False
        """Whether the server said that nothing more will come."""
        self._client = client
        self._path = api_path("executions", execution_id, "logs", stream, "stream")

    def pieces(self) -> Iterator[str]:
        """Yield text until the connection ends."""
        with self._client.events(self._path, {"offset": self.offset}) as events:
            for event in events:
                if event.event == "error":
                    raise CommandError(event.data)
                self.is_complete = event.event == "done"
                # The last one may hold what was left of a character cut in two.
                if event.event in {"content", "append", "done"}:
                    self._advance(event)
                    yield event.data
                if self.is_complete:
                    return

    def _advance(self, event: ServerSentEvent) -> None:
        if event.id.isdecimal():
            self.offset = int(event.id)
        else:
            self.offset += len(event.data.encode())
