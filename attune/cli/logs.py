"""Printing the output of an execution, once or for as long as it runs."""

from collections.abc import Sequence

from attune.cli.document import JsonObject
from attune.cli.follow import Follower
from attune.cli.log_stream import LogStream
from attune.cli.screen import OutputScreen
from attune.cli.session import Session


def print_logs(
    session: Session, execution: JsonObject, streams: Sequence[str], *, follow: bool
) -> None:
    """Print the streams; machine-readable output is one object of them at the end."""
    text = dict.fromkeys(streams, "")
    screen = OutputScreen(text if not session.out.is_table else None)
    if follow:
        with Follower(
            session.client, execution, screen, streams=tuple(streams)
        ) as follower:
            follower.wait()
    else:
        for stream in streams:
            log = LogStream(session.client, execution["id"], stream)
            for piece in log.pieces(live=False):
                screen.output(stream, piece)
    if not session.out.is_table:
        session.out.document(text)
