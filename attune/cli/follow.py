"""Following one execution until it ends: its status and its output as they come.

One thread watches the status, one each output stream; they only put news into a
queue. The caller's thread takes them out, so that Ctrl-C finds nothing half done.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, Self

from attune.cli.api_path import api_path
from attune.cli.document import JsonObject
from attune.cli.errors import CommandError, Unreachable
from attune.cli.exit_code import TERMINAL_STATUSES
from attune.cli.log_stream import STREAMS, LogStream
from attune.cli.progress import Progress, newest_progress

if TYPE_CHECKING:
    from attune.cli.client import ApiClient


@dataclass(frozen=True)
class Pace:
    """How often to look and how long to hope, in seconds."""

    tick: float = 0.1
    """Between two looks at the screen."""
    poll: float = 1.0
    """Between two looks at the execution when the server has no stream."""
    look: float = 5.0
    """Between two looks besides the stream, in case it silently lost something."""
    retry: float = 0.25
    """Before a lost connection is made again; it doubles up to `retry_most`."""
    retry_most: float = 5.0
    progress: float = 2.0
    """Between two looks at how far it has come."""
    drain: float = 10.0
    """After the end, for output that is still on its way."""
    patience: float = 120.0
    """Without any answer, after which following is given up."""


class Screen(Protocol):
    """Where the news goes."""

    def status(self, execution: JsonObject) -> None:
        """Show where the execution stands."""

    def output(self, stream: str, text: str) -> None:
        """Show what the action printed."""

    def progress(self, progress: Progress) -> None:
        """Show how far it has come."""

    def note(self, text: str) -> None:
        """Say something about the connection."""

    def tick(self) -> None:
        """Let time pass."""


_News = Callable[[], None]


class Follower:
    """Watches one execution; `wait` may be interrupted and called again."""

    def __init__(
        self,
        client: "ApiClient",
        execution: JsonObject,
        screen: Screen,
        *,
        streams: tuple[str, ...] = STREAMS,
        pace: Pace | None = None,
    ) -> None:
        self._client = client
        self._execution = execution
        self._path = api_path("executions", execution["id"])
        self._screen = screen
        self._pace = pace or Pace()
        self._news: queue.SimpleQueue[_News] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._changed = threading.Event()
        self._subscribed = False
        self._ended_at: float | None = None
        self._answered_at = time.monotonic()
        self._open = set(streams)
        self._unstarted: list[Callable[[], None]] = [
            self._watch_changes,
            self._watch_execution,
        ]
        if streams:
            self._unstarted.append(self._watch_progress)
        for stream in streams:
            log = LogStream(client, execution["id"], stream)
            self._unstarted.append(partial(self._watch_output, log))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._changed.set()

    @property
    def execution(self) -> JsonObject:
        """Return the execution as it was last seen."""
        return self._execution

    def wait(self) -> JsonObject:
        """Show the news until the end; return the execution as it ended."""
        if self._unstarted:
            self._see(self._execution)
        # Not before: once they run, an interrupt has to find its way through here.
        while self._unstarted:
            self._start(self._unstarted.pop())
        while not self._is_over():
            try:
                self._news.get(timeout=self._pace.tick)()
            except queue.Empty:
                self._screen.tick()
        return self._execution

    def _is_over(self) -> bool:
        now = time.monotonic()
        if self._ended_at is not None:
            drained = not self._open and self._news.empty()
            return drained or now - self._ended_at > self._pace.drain
        if now - self._answered_at > self._pace.patience:
            raise Unreachable(
                f"lost contact with {self._client.connection.api_url}; the execution "
                f"goes on: `attune execution watch {self._execution['id']}`"
            )
        return False

    # What the caller's thread does with the news.

    def _see(self, execution: JsonObject) -> None:
        self._answered_at = time.monotonic()
        if self._ended_at is None:
            self._execution = execution
            self._screen.status(execution)
            if execution["status"] in TERMINAL_STATUSES:
                self._ended_at = self._answered_at

    def _close(self, stream: str) -> None:
        self._open.discard(stream)

    def _fail(self, error: CommandError) -> None:
        raise error

    # What the watching threads do.

    def _start(self, watch: Callable[[], None]) -> None:
        def run() -> None:
            try:
                watch()
            except RuntimeError:
                # The client is closed under a thread that was about to use it.
                if not self._stop.is_set():
                    raise

        # A daemon: a thread that waits for bytes must not hold the exit.
        threading.Thread(target=run, daemon=True).start()

    def _tell(self, news: Callable[..., None], *arguments: Any) -> None:
        self._news.put(lambda: news(*arguments))

    def _watch_execution(self) -> None:
        """Ask for the execution whenever the stream says so, and now and then."""
        lost = False
        while not self._stop.is_set():
            try:
                self._tell(self._see, self._client.get(self._path))
                lost = False
            except Unreachable as error:
                if not lost:
                    self._tell(self._screen.note, f"{error.message} (trying again)")
                lost = True
            except CommandError as error:
                self._tell(self._fail, error)
                return
            live = self._subscribed and not lost
            self._changed.wait(self._pace.look if live else self._pace.poll)
            self._changed.clear()

    def _watch_changes(self) -> None:
        """Wake the other thread at each change of status."""
        stream = api_path("executions", "stream")
        for _ in self._tries():
            try:
                wanted = {"execution_id": self._execution["id"]}
                with self._client.events(stream, wanted) as events:
                    self._subscribed = True
                    # What changed before the subscription has not been announced.
                    self._changed.set()
                    for _ in events:
                        self._changed.set()
            except Unreachable:
                continue
            except CommandError:
                return  # this server has no such stream: looking now and then is enough
            finally:
                self._subscribed = False

    def _watch_progress(self) -> None:
        """Look now and then how far it has come; most executions never say."""
        shown: Progress | None = None
        while not self._stop.wait(self._pace.progress):
            try:
                found = newest_progress(self._client, self._execution["id"])
            except Unreachable:
                continue  # said by the thread that asks for the execution
            except CommandError:
                return  # not for this caller, or this server has no artifacts
            if found is not None and found != shown:
                self._tell(self._screen.progress, found)
                shown = found

    def _watch_output(self, log: LogStream) -> None:
        for _ in self._tries():
            try:
                for text in log.pieces():
                    self._tell(self._screen.output, log.stream, text)
            except Unreachable:
                continue  # said by the thread that asks for the execution
            except CommandError as error:
                self._tell(self._screen.note, f"no {log.stream}: {error.message}")
                break
            if log.is_complete:
                break
        self._tell(self._close, log.stream)

    def _tries(self) -> Iterator[None]:
        """Yield until following ends, with growing pauses in between."""
        pause = self._pace.retry
        while not self._stop.is_set():
            yield
            self._stop.wait(pause)
            pause = min(2 * pause, self._pace.retry_most)
