"""How much work a piece of code takes, which load does not change."""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Fail when the block took more CPU time of this process."""
    leave_past_alone()
    started = time.process_time()
    yield
    spent = time.process_time() - started
    assert spent <= seconds, f"took {spent:.3f} s of CPU, more than {seconds}"


def leave_past_alone() -> None:
    """Keep the garbage collector off all that is in memory by now, for good."""
    gc.freeze()


def spent_with_servers() -> float:
    """Return the CPU time of this process and of all servers that it started, so far."""
    spent = time.process_time()
    for each in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # its parent counts it, once it has ended
            times = each.cpu_times()
            spent += times.user + times.system
            spent += times.children_user + times.children_system
    return spent
