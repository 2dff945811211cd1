"""Packs for tests: directories with files, and archives of them, honest or not."""

import gzip
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

MANIFEST = {"pack.yaml": "ref: demo\nlabel: Demo\nversion: 1.0.0\n"}

GREET = {
    "actions/greet.yaml": """
        label: Greet
        runner_type: shell
        entry_point: greet.sh
        parameters:
          who: {type: string, required: true}
          count: {type: integer, default: 1}
    """,
    "actions/greet.sh": "#!/bin/bash\necho hello\n",
}

WHOLE = {
    **MANIFEST,
    **GREET,
    "triggers/arrived.yaml": """
        label: Arrived
        type: webhook
        output: {who: {type: string}}
    """,
    "rules/on_arrival.yaml": """
        trigger_ref: arrived
        action_ref: greet
        conditions: {expression: "{{ event.payload.who != null }}"}
        action_params: {who: "{{ event.payload.who }}"}
    """,
}
"""A pack with an action, a trigger and the rule between them."""


def write_pack(directory: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write the files below the directory and return it."""
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        raw = content if isinstance(content, bytes) else dedent(content).encode()
        path.write_bytes(raw)
        path.chmod(0o755 if raw.startswith(b"#!") else 0o644)
    return directory


def pack_archive(files: Mapping[str, str | bytes], folder: str = "") -> bytes:
    """Return the files as a tar.gz, perhaps below one folder."""
    entries = []
    for name, content in files.items():
        raw = content if isinstance(content, bytes) else dedent(content).encode()
        entry = tarfile.TarInfo(folder + name)
        entry.mode = 0o755 if raw.startswith(b"#!") else 0o644
        entries.append((entry, raw))
    return archive_of(*entries)


def archive_of(*entries: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """Return a tar.gz of exactly these entries."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        for entry, content in entries:
            if entry.isreg():
                entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return gzip.compress(plain.getvalue(), 1)
