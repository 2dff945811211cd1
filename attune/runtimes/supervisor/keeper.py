"""The parent of an action: runs it, ends it, and leaves nothing of it behind.

One that has done so rests until it is given another: a process that is forked anew for
each action spends most of its time on copying what it touches.
"""

import os
import select
import signal
import socket
import time

from attune.runtimes.supervisor import descent, kernel, wire
from attune.runtimes.supervisor.launch import explain, launch
from attune.runtimes.supervisor.wakeup import PARENT_DIED, Wakeup

NOT_FOUND_STATUS = 127
FIRST_PAUSE_SECONDS = 0.005
LONGEST_PAUSE_SECONDS = 0.5
RECEIVE_SIZE = 65536
# A process in the hands of a dead disk, or of another user, cannot be killed. Shorter
# than the worker waits before it has a silent keeper destroyed.
GIVE_UP_AFTER_SECONDS = 4.0


class Keeper:
    """One action's process at a time, everything below it, and the worker's voice."""

    def __init__(self, control: socket.socket, streams: list[int]) -> None:
        self._control = control
        self._streams = streams
        self._frames = wire.Frames()
        self._wakeup = Wakeup()
        self._poll = select.poll()
        self._priority = os.getpriority(os.PRIO_PROCESS, 0)
        self._forget()

    def _forget(self) -> None:
        """Know nothing of an action."""
        self._main = 0
        self._started_at = 0.0
        self._code: int | None = None
        self._duration_us = 0
        self._kill_at: float | None = None
        self._leased_until: float | None = None
        self._next_walk_at = 0.0
        self._pause = FIRST_PAUSE_SECONDS

    def run(self, supervisor: int) -> bool:
        """Keep actions to their ends; False if something could not be killed."""
        kernel.adopt_orphans()
        if not kernel.die_with_parent(supervisor, PARENT_DIED):
            return True
        self._poll.register(self._wakeup.reader, select.POLLIN)
        while (order := self._read_order()) is not None:
            if not self._keep(order):
                return False
            del order  # it holds what is secret
            if os.getppid() != supervisor or not self._rest():
                return True
        return True

    def _keep(self, order: wire.Order) -> bool:
        self._start(order)
        self._obey()
        self._poll.register(self._control, select.POLLIN)
        while self._reap():
            if self._given_up():
                self._report(len(descent.descendants(os.getpid())))
                return False
            self._kill_when_lapsed()
            self._kill_when_due()
            self._listen()
        self._report(0)
        return True

    def _rest(self) -> bool:
        """Wait to be given another action; False if there will be none."""
        os.chdir("/")
        self._forget()
        while self._frames.take() is None:
            self._poll.register(self._control, select.POLLIN)
            ready = {file for file, _ in self._poll.poll()}
            if self._wakeup.reader in ready and self._wakeup.parent_died():
                return False
            if self._control.fileno() in ready and not self._hear_at_rest():
                return False
        return True

    def _hear_at_rest(self) -> bool:
        """Take what was said, and the streams that came along; False at the end."""
        try:
            received, files = wire.receive(self._control, RECEIVE_SIZE)
        except ConnectionError:
            return False
        self._streams = files or self._streams
        self._frames.feed(received)
        return bool(received)

    def _read_order(self) -> wire.Order | None:
        while True:
            next_frame = self._frames.take()
            if next_frame is not None:
                return wire.Order.unpack(next_frame[1])
            received = self._receive()
            if not received:
                return None
            self._frames.feed(received)

    def _receive(self) -> bytes:
        try:
            return self._control.recv(RECEIVE_SIZE)
        except ConnectionError:
            return b""

    def _start(self, order: wire.Order) -> None:
        self._started_at = time.monotonic()
        try:
            self._main = launch(order, self._streams, self._priority)
        except OSError as error:
            self._code = NOT_FOUND_STATUS
            text = explain(order, error)
            self._send(wire.frame(wire.NOT_STARTED, text))
        for stream in self._streams:
            os.close(stream)
        self._streams = []

    def _reap(self) -> bool:
        """Collect the dead; False once nothing is left, since orphans come to us."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self._main:
                elapsed = time.monotonic() - self._started_at
                self._duration_us = int(elapsed * 1_000_000)
                self._code = os.waitstatus_to_exitcode(status)
                if self._kill_at is None:
                    self._kill_in(0)

    def _kill_when_lapsed(self) -> None:
        """End what its worker, frozen or out of touch, does not vouch for any more."""
        if self._leased_until is not None and time.monotonic() >= self._leased_until:
            self._leased_until = None
            self._kill_in(0)

    def _kill_when_due(self) -> None:
        now = time.monotonic()
        if self._kill_at is None or now < self._kill_at or now < self._next_walk_at:
            return
        descent.signal_all(descent.descendants(os.getpid()), signal.SIGKILL)
        self._next_walk_at = now + self._pause
        self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS)

    def _given_up(self) -> bool:
        if self._kill_at is None:
            return False
        return time.monotonic() - self._kill_at > GIVE_UP_AFTER_SECONDS

    def _listen(self) -> None:
        for file, _ in self._poll.poll(self._patience()):
            if file == self._wakeup.reader:
                if self._wakeup.parent_died():
                    self._kill_in(0)
            else:
                self._hear()

    def _patience(self) -> float | None:
        if self._kill_at is not None:
            due = max(self._kill_at, self._next_walk_at)
        elif self._leased_until is not None:
            due = self._leased_until
        else:
            return None
        return max(0.0, due - time.monotonic()) * 1000 + 1

    def _hear(self) -> None:
        received = self._receive()
        if not received:
            self._poll.unregister(self._control)
            self._kill_in(0)
            return
        self._frames.feed(received)
        self._obey()

    def _obey(self) -> None:
        """Do what was said; some of it may have come together with the order."""
        while (next_frame := self._frames.take()) is not None:
            kind, body = next_frame
            if kind == wire.LEASE:
                self._leased_until = time.monotonic() + wire.unpack_seconds(body)
            else:
                self._terminate(wire.unpack_seconds(body))

    def _terminate(self, grace: float) -> None:
        """Ask everything to end; what is left after the grace is killed."""
        if self._kill_at is None and grace > 0:
            everyone = descent.descendants(os.getpid())
            descent.signal_all(everyone, signal.SIGTERM)
            # A stopped process could not act on the request.
            descent.signal_all(everyone, signal.SIGCONT)
        self._kill_in(grace)

    def _kill_in(self, seconds: float) -> None:
        """Kill everything then, or earlier if that was decided before."""
        at = time.monotonic() + seconds
        self._kill_at = at if self._kill_at is None else min(self._kill_at, at)

    def _report(self, survivor_count: int) -> None:
        code = -signal.SIGKILL if self._code is None else self._code
        body = wire.pack_exit(code, self._duration_us, survivor_count)
        self._send(wire.frame(wire.EXITED, body))

    def _send(self, message: bytes) -> None:
        try:
            self._control.sendall(message)
        except OSError:
            return  # the worker is gone, and nobody else wants to know
