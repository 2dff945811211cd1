"""What a sensor writes: masked, and handed on for as long as it runs.

A sensor runs for months, so nothing is kept here but what has yet to be taken. One that
writes faster than it is taken loses the middle of it, and the log says how much.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from attune.domain.errors import AttuneError
from attune.runtimes.masking import Masking
from attune.runtimes.stream import Stream

logger = logging.getLogger(__name__)

BACKLOG_BYTES: Final = 1_000_000
BATCH_BYTES: Final = 262_144
PAUSE_SECONDS: Final = 0.5
LAST_CALL_SECONDS: Final = 5.0
TAIL_BYTES: Final = 4_000
LONGEST_LINE: Final = 500

LogSink = Callable[[Stream, int, bytes], Awaitable[None]]
"""Takes (stream, offset, content); one that raises an AttuneError is asked again."""


class SensorOutput:
    """Takes both streams of a sensor as they come and never makes it wait."""

    def __init__(self, sink: LogSink, secrets: Iterable[str]) -> None:
        self._sink = sink
        self._secrets = list(secrets)
        masking = Masking(self._secrets)
        self._streams = {stream: _Pending(masking) for stream in Stream}
        self._grown = asyncio.Event()

    def take(self, stream: Stream, chunk: bytes) -> None:
        """Keep what fits until it is handed on; an `OnOutput`."""
        self._streams[stream].take(chunk)
        self._grown.set()

    def hide(self, secret: str) -> None:
        """Mask this too from now on."""
        self._secrets.append(secret)
        masking = Masking(self._secrets)
        for pending in self._streams.values():
            pending.mask_with(masking)

    def last_line(self) -> str:
        """Return the last line that says something, errors first."""
        for stream in (Stream.STDERR, Stream.STDOUT):
            lines = self._streams[stream].tail.decode("utf-8", "replace").splitlines()
            for line in reversed(lines):
                if line.strip():
                    return line.strip()[-LONGEST_LINE:]
        return ""

    async def run(self) -> None:
        """Hand on what comes, until cancelled."""
        while True:
            await self._grown.wait()
            self._grown.clear()
            await asyncio.sleep(PAUSE_SECONDS)
            await self._hand_on()
            if any(pending.has_any for pending in self._streams.values()):
                self._grown.set()

    async def finish(self) -> None:
        """Hand on the rest, as far as it is taken within a moment."""
        for pending in self._streams.values():
            pending.finish()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_CALL_SECONDS):
                while any(pending.has_any for pending in self._streams.values()):
                    if not await self._hand_on():
                        return

    async def _hand_on(self) -> bool:
        """Offer one batch of each stream; tells whether all were taken."""
        for stream, pending in self._streams.items():
            offset, batch = pending.batch()
            if not batch:
                continue
            try:
                await self._sink(stream, offset, batch)
            except AttuneError as error:
                logger.warning("log not taken", extra={"reason": error.message})
                return False
            pending.forget(len(batch))
        return True


class _Pending:
    """What was written to one stream and has not been taken yet."""

    def __init__(self, masking: Masking) -> None:
        self._masked = masking.open()
        self._content = bytearray()
        self._offset = 0
        self._dropped = 0
        self.tail = b""

    @property
    def has_any(self) -> bool:
        return bool(self._content)

    def take(self, chunk: bytes) -> None:
        self._keep(self._masked.feed(chunk))

    def mask_with(self, masking: Masking) -> None:
        self._keep(self._masked.finish())
        self._masked = masking.open()

    def finish(self) -> None:
        self._keep(self._masked.finish())
        self._say_dropped()

    def batch(self) -> tuple[int, bytes]:
        return self._offset, bytes(self._content[:BATCH_BYTES])

    def forget(self, size: int) -> None:
        self._offset += size
        del self._content[:size]
        if len(self._content) <= BACKLOG_BYTES // 2:
            self._say_dropped()

    def _keep(self, content: bytes) -> None:
        room = 0 if self._dropped else BACKLOG_BYTES - len(self._content)
        self._content += content[:room]
        self._dropped += max(0, len(content) - room)
        self.tail = (self.tail + content)[-TAIL_BYTES:]

    def _say_dropped(self) -> None:
        if self._dropped:
            self._content += f"\n[{self._dropped} bytes were dropped]\n".encode()
            self._dropped = 0
