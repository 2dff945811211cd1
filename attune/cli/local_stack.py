"""What a stack that `attune up` started on this machine says of itself."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from attune.stack.directory import default_directory


@dataclass(frozen=True)
class LocalStack:
    """Where the local stack's API is, and who may use it."""

    api_url: str
    admin_login: str | None = None
    admin_password_file: str | None = None
    is_up: bool = False
    """Whether it was running when it last said anything."""

    def admin_password(self) -> str | None:
        """Return the first administrator's password, if this user may read it."""
        try:
            return Path(self.admin_password_file or "").read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return None


def find_local_stack(environment: Mapping[str, str] = os.environ) -> LocalStack | None:
    """Return the stack of the usual directory, if one has been started."""
    try:
        text = (default_directory(environment) / "stack.json").read_text("utf-8")
        record = json.loads(text)
        url = record["api_url"]
    except (OSError, ValueError, KeyError, TypeError):
        # Absent or half-made: a guess that fails must not stop any command.
        return None
    if not isinstance(url, str):
        return None
    return LocalStack(
        url,
        record.get("admin_login"),
        record.get("admin_password_file"),
        record.get("state") == "ready",
    )
