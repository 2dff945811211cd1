"""The beginning and the end of a long-lived process, without waste."""

import gc
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn


@contextmanager
def without_collecting() -> Iterator[None]:
    """Import much without looking for garbage among it, which costs a fifth of that."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def importing() -> Iterator[None]:
    """Import what stays until the end, and never look for garbage among it.

    Every look would be a pause of a process that serves.
    """
    with without_collecting():
        yield
        gc.freeze()


def end(code: int = 0) -> NoReturn:
    """End now; everything that has to be closed is closed before.

    To take the modules apart, as Python does at its end, takes up to a second, and can
    abort the process while the threads of Temporal's client still run.
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
