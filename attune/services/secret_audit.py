"""The record that a stored secret was read: by whom, for what, and never its value."""

import logging
from typing import Final

from attune.domain.permission import Caller

_log: Final = logging.getLogger(__name__)


def note_read_by(caller: Caller, *, entity: str, ref: str | int) -> None:
    """Record that somebody was shown a secret in plain."""
    _log.info(
        "A secret was read",
        extra={
            "entity": entity,
            "ref": ref,
            "identity": caller.identity_id,
            "login": caller.login,
            "token_type": caller.token_type.value,
            "by_execution": caller.execution_id,
        },
    )


def note_read_for(
    execution_id: int, *, worker_id: int, executor_id: int | None, secrets: list[str]
) -> None:
    """Record which secrets a worker was given with an execution, by what they are."""
    if secrets:
        _log.info(
            "Secrets were handed to an execution",
            extra={
                "execution": execution_id,
                "worker": worker_id,
                "identity": executor_id,
                "secrets": secrets,
            },
        )
