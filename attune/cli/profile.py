"""The configuration file of the command line: profiles, tokens, the usual format.

The file holds tokens, so it is written whole, with mode 0600, and renamed into
place: a reader never sees half of it.
"""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attune.cli.errors import usage_error

DEFAULT_PROFILE = "default"
DEFAULT_FORMAT = "table"
SECRET_FIELDS = frozenset({"auth_token", "refresh_token"})
PROFILE_FIELDS = (
    "api_url",
    "auth_token",
    "refresh_token",
    "description",
    "auth_method",
    "username",
)

Profile = dict[str, Any]
"""The settings of one server and login, as the file has them."""


def config_path(environment: Mapping[str, str] = os.environ) -> Path:
    """Return where the configuration file belongs, whether or not it exists."""
    base = environment.get("XDG_CONFIG_HOME") or ""
    # The specification says that a relative path there is to be ignored.
    root = Path(base) if Path(base).is_absolute() else Path.home() / ".config"
    return root / "attune" / "config.yaml"


class ConfigFile:
    """The file as a document; keys of others are kept when it is saved."""

    def __init__(self, path: Path, document: dict[str, Any]) -> None:
        self.path = path
        self._document = document

    @classmethod
    def load(cls, path: Path | None = None) -> "ConfigFile":
        """Read the file; one that does not exist is empty."""
        path = path or config_path()
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return cls(path, {})
        except (OSError, UnicodeDecodeError) as error:
            raise usage_error(f"cannot read {path}: {error}") from error
        return cls(path, _parse(text, path))

    @property
    def profiles(self) -> dict[str, Profile]:
        """Return the profiles by name."""
        found: dict[str, Profile] = self._document.setdefault("profiles", {})
        return found

    @property
    def current(self) -> str:
        """Return the name of the profile that is used when none is named."""
        return str(self._document.get("profile") or DEFAULT_PROFILE)

    @current.setter
    def current(self, name: str) -> None:
        self._document["profile"] = name

    @property
    def output_format(self) -> str:
        """Return the output format that is used when none is named."""
        return str(self._document.get("format") or DEFAULT_FORMAT)

    @output_format.setter
    def output_format(self, name: str) -> None:
        self._document["format"] = name

    def profile(self, name: str) -> Profile:
        """Return the profile, or say which ones there are."""
        if name not in self.profiles:
            known = ", ".join(sorted(self.profiles)) or "none yet"
            raise usage_error(
                f"no profile '{name}' in {self.path} (there are: {known}); "
                f"add it with `attune config add-profile {name} --api-url URL`"
            )
        return self.profiles[name]

    def adopt(self, name: str) -> None:
        """Make this the current profile if there is no other that works."""
        if self.current not in self.profiles:
            self.current = name

    def remove(self, name: str) -> None:
        """Forget a profile; the first of the others takes its place as the current."""
        del self.profiles[name]
        if self.current == name:
            self.current = min(self.profiles, default=DEFAULT_PROFILE)

    def save(self) -> None:
        """Write the file so that only its owner can read it."""
        import yaml  # noqa: PLC0415 - most commands write nothing

        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # mkstemp makes the file 0600 before there is anything in it.
        handle, temporary = tempfile.mkstemp(dir=self.path.parent, prefix=".config-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                yaml.safe_dump(self._document, file, sort_keys=False)
            Path(temporary).replace(self.path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def _parse(text: str, path: Path) -> dict[str, Any]:
    import yaml  # noqa: PLC0415 - a first run has no file to parse

    try:
        document = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise usage_error(f"{path} is not valid YAML: {error}") from error
    if not isinstance(document, dict):
        raise usage_error(f"{path} must be a mapping with `profile` and `profiles`")
    profiles = document.setdefault("profiles", {}) or {}
    if not isinstance(profiles, dict) or not all(
        isinstance(each, dict) for each in profiles.values()
    ):
        raise usage_error(f"`profiles` in {path} must map names to settings")
    document["profiles"] = profiles
    return document
