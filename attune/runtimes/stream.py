"""The two streams a process writes."""

from collections.abc import Callable
from enum import StrEnum


class Stream(StrEnum):
    """Which of its two outputs a process wrote to."""

    STDOUT = "stdout"
    STDERR = "stderr"


OnOutput = Callable[[Stream, bytes], None]
"""Takes what a process wrote, as it comes; must be quick."""
