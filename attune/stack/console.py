"""Output of the parts on the console: whole lines, each with the part's name."""

import sys
from collections.abc import Callable

NAME_WIDTH = 12


def prefixed(name: str) -> Callable[[bytes], None]:
    """Return a sink that prints what a part says, line by line."""
    label = f"{name:<{NAME_WIDTH}} | "
    rest = b""

    def write(data: bytes) -> None:
        nonlocal rest
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            sys.stderr.write(label + line.decode(errors="replace") + "\n")
        sys.stderr.flush()

    return write
