"""Printing the output of an execution, once or for as long as it runs."""

import sys
from collections.abc import Sequence

from attune.cli.api_path import api_path
from attune.cli.document import JsonObject
from attune.cli.follow import Follower
from attune.cli.screen import OutputScreen
from attune.cli.session import Session


def print_logs(
    session: Session, execution: JsonObject, streams: Sequence[str], *, follow: bool
) -> None:
    """Print the streams; machine-readable output is one object of them at the end."""
    text = None if session.out.is_table else dict.fromkeys(streams, "")
    if follow:
        screen = OutputScreen(text)
        wanted = tuple(streams)
        with Follower(session.client, execution, screen, streams=wanted) as follower:
            follower.wait()
    else:
        for stream in streams:
            _print_once(session, execution, stream, text)
    if text is not None:
        session.out.document(text)


def _print_once(
    session: Session, execution: JsonObject, stream: str, text: dict[str, str] | None
) -> None:
    path = api_path("executions", execution["id"], "logs", stream)
    file = sys.stderr if stream == "stderr" else sys.stdout
    kept = bytearray()
    for chunk in session.client.download(path):
        if text is None:
            # Bytes, not text: what the action wrote may be neither.
            file.buffer.write(chunk)
        else:
            kept += chunk
    if text is not None:
        text[stream] = kept.decode("utf-8", "replace")
    file.flush()
