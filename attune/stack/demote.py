"""Become another program as another user; still killed by the kernel with the parent.

Run as a script, by path, under `leash.py`: changing the user drops what the leash asked
the kernel for, so it is asked for again.
`python -I -S demote.py USER GROUP SIGNAL COMMAND...`, with numbers for the first three.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Give up the rights of root, ask for the signal again, become the command."""
    user, group, death_signal = (int(word) for word in sys.argv[1:4])
    parent = os.getppid()
    os.setgroups([group])
    os.setgid(group)
    os.setuid(user)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the parent is gone")
    command = sys.argv[4:]
    try:
        os.execv(command[0], command)  # noqa: S606 - the point of this script
    except OSError as error:
        sys.exit(f"cannot run {command[0]}: {error.strerror}")


if __name__ == "__main__":
    main()
