"""The supervisor's main loop: fork keepers, and end everything with the worker."""

import gc
import os
import select
import signal
import socket
import sys
import time

from attune.runtimes.supervisor import descent, kernel, wire
from attune.runtimes.supervisor.keeper import Keeper
from attune.runtimes.supervisor.wakeup import PARENT_DIED, Wakeup

SWEEP_PAUSE_SECONDS = 0.01
LONGEST_PAUSE_SECONDS = 0.5
END_WITHIN_SECONDS = 30.0
# A walk may miss a process whose sibling ends during it, so it has to be seen twice.
CLEAN_LOOKS = 2
# After that much trying, what is left cannot be killed by us.
TELL_WITHIN_SECONDS = 3.0
FAILED = 70
DATAGRAM_SIZE = 64


class Supervisor:
    """The root of everything that runs for one worker."""

    def __init__(self, worker: socket.socket) -> None:
        self._worker = worker
        self._wakeup = Wakeup()
        self._keepers: dict[int, tuple[int, socket.socket]] = {}
        self._bereaved: list[tuple[float, socket.socket]] = []
        self._clean_looks = CLEAN_LOOKS
        self._pause = SWEEP_PAUSE_SECONDS
        self._poll = select.poll()
        self._poll.register(worker, select.POLLIN)
        self._poll.register(self._wakeup.reader, select.POLLIN)

    def run(self) -> None:
        """Serve the worker until it is gone, then kill whatever descends from us."""
        _tell(self._worker, wire.READY)
        while self._serve():
            self._reap()
            self._sweep()
        self._kill_everything()

    def _serve(self) -> bool:
        sweeping = self._clean_looks < CLEAN_LOOKS
        for file, _ in self._poll.poll(self._pause * 1000 if sweeping else None):
            if file == self._wakeup.reader:
                if self._wakeup.parent_died():
                    return False
            elif not self._hear():
                return False
        return True

    def _hear(self) -> bool:
        try:
            datagram, files = wire.receive(self._worker, DATAGRAM_SIZE)
        except ConnectionError:
            return False
        if not datagram:
            return False
        kind, number = wire.read_numbered(datagram)
        if kind == wire.KEEP:
            self._keep(number, files)
        elif kind == wire.DESTROY:
            self._destroy(number)
        return True

    def _keep(self, number: int, files: list[int]) -> None:
        control = socket.socket(fileno=files[0])
        supervisor = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            text = f"cannot fork: {error.strerror}".encode()
            _tell(control, wire.frame(wire.NOT_STARTED, text))
            _tell(control, wire.frame(wire.LOST))
            control.close()
            pid = -1
        if pid == 0:
            self._become_keeper(control, files[1:], supervisor)
        for file in files[1:]:
            os.close(file)
        if pid > 0:
            self._keepers[pid] = (number, control)

    def _become_keeper(
        self, control: socket.socket, streams: list[int], supervisor: int
    ) -> None:
        status = FAILED
        try:
            kernel.set_name(b"attune-keeper")
            self._let_go()
            status = 0 if Keeper(control, streams).run(supervisor) else FAILED
        except BaseException:
            sys.excepthook(*sys.exc_info())  # before os._exit, which says nothing
            raise
        finally:
            os._exit(status)

    def _let_go(self) -> None:
        """Close what belongs to the supervisor and to other keepers."""
        self._worker.close()
        self._wakeup.close()
        for _, control in self._keepers.values():
            control.close()
        for _, control in self._bereaved:
            control.close()

    def _destroy(self, number: int) -> None:
        for pid, (keeper_number, _) in self._keepers.items():
            if keeper_number == number:
                descent.signal_all([pid], signal.SIGKILL)

    def _reap(self) -> None:
        for pid, status in _dead_children():
            _, control = self._keepers.pop(pid, (0, None))
            if control is not None and status == 0:
                control.close()
                continue
            if control is not None:
                tell_at = time.monotonic() + TELL_WITHIN_SECONDS
                self._bereaved.append((tell_at, control))
            # Either a keeper died, and its action now is ours, or one of those did.
            self._clean_looks = 0
            self._pause = SWEEP_PAUSE_SECONDS

    def _sweep(self) -> None:
        """Kill what came to us from dead keepers, and tell the worker when it is done."""
        if self._clean_looks >= CLEAN_LOOKS:
            return
        unknown = [
            pid for pid in descent.children(os.getpid()) if pid not in self._keepers
        ]
        self._clean_looks = 0 if unknown else self._clean_looks + 1
        if unknown:
            self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS)
        for pid in unknown:
            descent.signal_all([pid, *descent.descendants(pid)], signal.SIGKILL)
        self._tell_bereaved(all_clean=self._clean_looks >= CLEAN_LOOKS)

    def _tell_bereaved(self, *, all_clean: bool) -> None:
        """Tell the worker which actions are gone, or as good as: some cannot be killed."""
        now = time.monotonic()
        waiting = []
        for tell_at, control in self._bereaved:
            if not all_clean and now < tell_at:
                waiting.append((tell_at, control))
                continue
            _tell(control, wire.frame(wire.LOST))
            control.close()
        self._bereaved = waiting

    def _kill_everything(self) -> None:
        self._poll.unregister(self._worker)
        give_up_at = time.monotonic() + END_WITHIN_SECONDS
        pause = SWEEP_PAUSE_SECONDS
        while _has_children() and time.monotonic() < give_up_at:
            descent.signal_all(descent.descendants(os.getpid()), signal.SIGKILL)
            self._poll.poll(pause * 1000)
            self._wakeup.parent_died()
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


def _dead_children() -> list[tuple[int, int]]:
    dead: list[tuple[int, int]] = []
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return dead
        if pid == 0:
            return dead
        dead.append((pid, status))


def _has_children() -> bool:
    """Tell whether anything is left, after collecting the dead."""
    _dead_children()
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _tell(control: socket.socket, message: bytes) -> None:
    try:
        control.send(message, socket.MSG_DONTWAIT)
    except OSError:
        return  # the worker no longer listens to this one


def main(worker_file: int, worker_pid: int) -> None:
    """Supervise for the worker at the other end of the inherited socket."""
    worker = socket.socket(fileno=worker_file)
    worker.set_inheritable(False)
    try:
        kernel.set_name(b"attune-superv")
        kernel.adopt_orphans()
        alive = kernel.die_with_parent(worker_pid, PARENT_DIED)
        kernel.leave_no_core_files()
    except (OSError, AttributeError) as error:
        worker.send(wire.UNFIT + str(error).encode())
        return
    if not alive:
        return
    # A collection would touch, and so copy, every page that forks share.
    gc.disable()
    gc.freeze()
    Supervisor(worker).run()
