"""How much work a piece of code takes, which load does not change."""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Fail when the block took more CPU time of this process.

    What other tests left in memory is not gone through meanwhile.
    """
    gc.freeze()
    started = time.process_time()
    try:
        yield
        spent = time.process_time() - started
    finally:
        gc.unfreeze()
    assert spent <= seconds, f"took {spent:.3f} s of CPU, more than {seconds}"


def spent_with_servers() -> float:
    """Return the CPU time of this process and of all servers that it started, so far."""
    spent = time.process_time()
    for each in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # its parent counts it, once it has ended
            times = each.cpu_times()
            spent += times.user + times.system
            spent += times.children_user + times.children_system
    return spent
