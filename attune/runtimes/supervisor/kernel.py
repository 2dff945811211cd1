"""What the supervisor asks of the Linux kernel."""

import ctypes
import os
import resource

PR_SET_PDEATHSIG = 1
PR_SET_NAME = 15
PR_SET_CHILD_SUBREAPER = 36

# Above the worker's, so that the kernel takes user code first when memory ends.
USER_CODE_OOM_SCORE = b"500"

_libc = ctypes.CDLL(None, use_errno=True)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(parent: int, number: int) -> bool:
    """Ask for a signal when the parent ends; False if it has ended already.

    The kernel means the parent's *thread* that forked us.
    """
    _prctl(PR_SET_PDEATHSIG, number)
    return os.getppid() == parent


def set_name(name: bytes) -> None:
    """Set what process lists show as the short name, at most 15 bytes."""
    _prctl(PR_SET_NAME, ctypes.c_char_p(name))


def leave_no_core_files() -> None:
    """Let no crash write memory, which holds secrets, to a file; inherited."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def prefer_for_oom_kill(pid: int) -> None:
    """Offer a process, and what it will fork, to the kernel when memory ends."""
    try:
        file = os.open(f"/proc/{pid}/oom_score_adj", os.O_WRONLY)
    except OSError:
        return  # some containers forbid it, and it is only a preference
    try:
        os.write(file, USER_CODE_OOM_SCORE)
    except OSError:
        return
    finally:
        os.close(file)


def _prctl(option: int, value: object) -> None:
    argument = ctypes.c_ulong(value) if isinstance(value, int) else value
    zero = ctypes.c_ulong(0)
    if _libc.prctl(option, argument, zero, zero, zero) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl {option}: {os.strerror(number)}")
