"""Become another program that the kernel kills when the parent dies.

Run as a script, by path, so that starting costs a few milliseconds:
`python -I -S leash.py SIGNAL PARENT COMMAND...`. The process keeps its id.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask for the signal, make sure it is not too late, become the command."""
    death_signal, parent = int(sys.argv[1]), int(sys.argv[2])
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the parent is gone")
    command = sys.argv[3:]
    try:
        os.execvp(command[0], command)  # noqa: S606 - the point of this script
    except OSError as error:
        sys.exit(f"cannot run {command[0]}: {error.strerror}")


if __name__ == "__main__":
    main()
