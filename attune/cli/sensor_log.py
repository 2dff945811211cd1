"""Printing what a sensor wrote, once or for as long as somebody looks on."""

import sys
import time
from collections.abc import Sequence
from typing import Final

from attune.cli.api_path import api_path
from attune.cli.errors import Unreachable
from attune.cli.session import Session

STREAMS: Final = ("stdout", "stderr")
END_HEADER: Final = "x-log-end-offset"
LOOK_SECONDS: Final = 1.0


class SensorLogReader:
    """Reads the streams of one sensor, each from where it was left."""

    def __init__(self, session: Session, ref: str, streams: Sequence[str]) -> None:
        self._session = session
        self._ref = ref
        self._ends: dict[str, int | None] = dict.fromkeys(streams)

    def print_last(self, tail: int) -> None:
        """Print the last lines of each stream to the stream of the same name."""
        for stream in self._ends:
            self._print(stream, {"tail": tail})

    def document(self, tail: int) -> dict[str, str]:
        """Return the last lines of each stream."""
        return {
            stream: self._read(stream, {"tail": tail}).decode("utf-8", "replace")
            for stream in self._ends
        }

    def follow(self) -> None:
        """Print what comes, until interrupted; a lost connection is made again."""
        is_lost = False
        while True:
            try:
                for stream, end in self._ends.items():
                    self._print(stream, {"offset": end or 0})
                is_lost = False
            except Unreachable as error:
                if not is_lost:
                    self._session.out.note(f"{error}; trying again")
                is_lost = True
            time.sleep(LOOK_SECONDS)

    def _print(self, stream: str, wanted: dict[str, int]) -> None:
        content = self._read(stream, wanted)
        file = sys.stderr if stream == "stderr" else sys.stdout
        # Bytes, not text: what the sensor wrote may be neither.
        file.buffer.write(content)
        file.flush()

    def _read(self, stream: str, wanted: dict[str, int]) -> bytes:
        path = api_path("sensors", self._ref, "logs", stream)
        content, headers = self._session.client.read(path, wanted)
        self._ends[stream] = int(headers.get(END_HEADER, "0"))
        return content
