"""Turn an order into a process, without copying this one's memory."""

import errno
import os
import stat

from attune.runtimes.supervisor import kernel, wire
from attune.runtimes.supervisor.wakeup import DEFAULTED

LEAST_PRIORITY = 19  # the kernel counts niceness to that


def launch(order: wire.Order, streams: list[int], priority: int) -> int:
    """Start the program in a session of its own and return its process id.

    It is as nice as the order says, counted from the keeper's first priority.

    `posix_spawn` shares memory until the exec, where a fork would copy much of a
    Python process. It cannot change directory, so the caller's changes instead.
    """
    os.chdir(order.cwd)
    program = _find(order)
    # Inherited; done later, it would miss a quick program.
    _set_priority(min(priority + order.nice, LEAST_PRIORITY))
    try:
        pid = _spawn(program, order, streams)
    finally:
        _set_priority(priority)  # the keeper comes before user code again
    kernel.prefer_for_oom_kill(pid)
    return pid


def _spawn(program: bytes, order: wire.Order, streams: list[int]) -> int:
    stdout, stderr, *stdin = streams
    return os.posix_spawn(
        program,
        order.argv,
        order.environment,
        file_actions=[
            (os.POSIX_SPAWN_DUP2, stdin[0], 0)
            if stdin
            else (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, stdout, 1),
            (os.POSIX_SPAWN_DUP2, stderr, 2),
        ],
        setsid=True,
        setsigmask=[],
        setsigdef=DEFAULTED,
    )


def explain(order: wire.Order, error: OSError) -> bytes:
    """Say what could not be done, in one line."""
    reason = f": {error.strerror}".encode()
    if error.filename == order.cwd:
        return b"cannot enter " + order.cwd + reason
    return b"cannot run " + order.argv[0] + reason


def _set_priority(priority: int) -> None:
    """Be as nice as that; without privileges one cannot become less nice again."""
    try:
        os.setpriority(os.PRIO_PROCESS, 0, priority)
    except OSError:
        return


def _find(order: wire.Order) -> bytes:
    """Look for the program along the PATH that it will see itself."""
    name = order.argv[0]
    if b"/" in name:
        return name
    path = order.environment.get(b"PATH", os.fsencode(os.defpath))
    for directory in path.split(b":"):
        candidate = (directory or b".") + b"/" + name
        if _is_program(candidate):
            return candidate
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)


def _is_program(path: bytes) -> bool:
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - pathlib is as large as all of us
    except OSError:
        return False
    return stat.S_ISREG(mode) and os.access(path, os.X_OK)
