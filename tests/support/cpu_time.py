"""A bound on the work that a piece of code may take, which load does not change."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Fail when the block took more CPU time of this process."""
    started = time.process_time()
    yield
    spent = time.process_time() - started
    assert spent <= seconds, f"took {spent:.3f} s of CPU, more than {seconds}"
