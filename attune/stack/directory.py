"""The directory in which a stack keeps everything: data, keys, logs, what was chosen."""

import fcntl
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from attune.domain.errors import Conflict, Unavailable

HOME_VARIABLE = "ATTUNE_HOME"
CHECKOUT_DIRECTORY = ".attune"
"""Where `make up` keeps the stack of a checkout."""


def default_directory(environment: Mapping[str, str]) -> Path:
    """Return ATTUNE_HOME, the stack of the checkout we are in, or one in the home."""
    if home := environment.get(HOME_VARIABLE):
        return Path(home).expanduser().absolute()
    if stack := _stack_of_checkout():
        return stack
    state = environment.get("XDG_STATE_HOME") or ""
    base = Path(state) if Path(state).is_absolute() else Path.home() / ".local/state"
    return base / "attune"


def _stack_of_checkout() -> Path | None:
    """Return the `.attune` in the working directory or above it, if it is our own."""
    with suppress(OSError):
        here = Path.cwd()
        for directory in (here, *here.parents):
            stack = directory / CHECKOUT_DIRECTORY
            # Another user's could have our passwords sent to where it likes.
            if (stack / "stack.json").is_file() and stack.stat().st_uid == os.geteuid():
                return stack
    return None


class StackDirectory:
    """Paths, keys and the lock; nothing else in the stack names a file."""

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().absolute()
        self.postgres = self.root / "postgres"
        self.temporal = self.root / "temporal"
        self.packs = self.root / "packs"
        self.runtime_envs = self.root / "runtime_envs"
        self.artifacts = self.root / "artifacts"
        self.logs = self.root / "logs"
        self.settings = self.root / "settings"
        self.record = self.root / "stack.json"
        self.password_file = self.root / "admin_password"
        self.worker_token_file = self.root / "worker_token"
        self._keys = self.root / "keys"
        self._lock: int | None = None

    def prepare(self) -> None:
        """Make what is missing; what holds secrets is for the owner only."""
        try:
            self.root.mkdir(mode=0o711, parents=True, exist_ok=True)
            for public in (self.packs, self.runtime_envs, self.artifacts):
                public.mkdir(exist_ok=True)
            for private in (self.temporal, self.logs, self.settings, self._keys):
                private.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            problem = f"cannot use {self.root}: {error.strerror}"
            raise Unavailable(problem) from error

    def lock(self) -> None:
        """Claim the directory until `unlock` or the end of this process."""
        descriptor = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise Conflict(f"another `attune up` runs in {self.root}") from None
        self._lock = descriptor

    def unlock(self) -> None:
        """Let the directory go."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def is_locked(self) -> bool:
        """Tell whether a stack runs in this directory."""
        try:
            descriptor = os.open(self.root / "lock", os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def key(self, name: str) -> str:
        """Return the key of this name, made by the first call ever."""
        return self._made_once(self._keys / name, secrets.token_urlsafe(48))

    def previous_encryption_keys(self) -> list[str]:
        """Return the encryption keys of before, which somebody put in a file, one a line."""
        try:
            text = (self._keys / "previous_encryption_keys").read_text("utf-8")
        except FileNotFoundError:
            return []
        return text.split()

    def administrator_password(self) -> str:
        """Return the first administrator's password, made by the first call ever."""
        return self._made_once(self.password_file, secrets.token_urlsafe(15))

    def _made_once(self, path: Path, proposal: str) -> str:
        with suppress(FileExistsError):
            write_private(path, proposal + "\n", exclusive=True)
        return path.read_text("ascii").strip()


def write_private(path: Path, text: str, *, exclusive: bool = False) -> None:
    """Write a file whole, readable by its owner only.

    An exclusive one must not exist, and is on the disk when this returns.
    """
    if exclusive and path.exists():
        raise FileExistsError(path)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        if exclusive:
            file.flush()
            os.fsync(file.fileno())
    draft.rename(path)
