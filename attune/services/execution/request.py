"""Ask for an action to be executed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from attune.clock import utc_now
from attune.db.database import Database, Transaction
from attune.db.models.execution import Execution
from attune.domain.errors import Conflict, InvalidInput
from attune.domain.executable import ExecutableAction
from attune.domain.json import Json
from attune.domain.permission import Action, Caller, Resource
from attune.security.encryption import Encryption
from attune.services.component import target_in_pack
from attune.services.delegation import require_delegable_sets
from attune.services.execution.row import Origin, Terms, prepare_execution
from attune.services.execution.write import write_secrets

_ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}\Z")
RESERVED_PREFIX = "ATTUNE_"


@dataclass(frozen=True, kw_only=True)
class ExecutionWish:
    """What somebody wants executed."""

    action_ref: str
    parameters: Mapping[str, Json] = field(default_factory=dict)
    terms: Terms = field(default_factory=Terms)
    trace_tag: str | None = None


class RequestService:
    """Turns wishes into requested executions; the dispatcher does the rest."""

    def __init__(self, database: Database, encryption: Encryption) -> None:
        self._database = database
        self._encryption = encryption

    async def execute(self, caller: Caller, wish: ExecutionWish) -> Execution:
        """Write the execution; wrong parameters make one that has failed already.

        Called with an execution token, the new execution is a child of that one.
        """
        _check_environment(wish.terms.env_vars)
        async with self._database.transaction() as tx:
            action = await tx.executions.executable(caller, wish.action_ref)
            target = await target_in_pack(
                tx, caller, action.pack_ref, ref=action.ref, id=action.id
            )
            caller.require(Resource.ACTIONS, Action.EXECUTE, target)
            if not action.enabled:
                raise Conflict(f"Action {action.ref} is disabled")
            await require_delegable_sets(tx, caller, wish.terms.permission_set_refs)
            return await self._write(tx, caller, wish, action)

    async def _write(
        self,
        tx: Transaction,
        caller: Caller,
        wish: ExecutionWish,
        action: ExecutableAction,
    ) -> Execution:
        origin = Origin(
            executor_id=caller.identity_id,
            parent_id=caller.execution_id,
            trace_tag=wish.trace_tag,
        )
        prepared = prepare_execution(
            action, wish.parameters, origin, wish.terms, now=utc_now()
        )
        execution = await tx.executions.insert_one(prepared.row)
        await write_secrets(tx, self._encryption, [(execution.id, prepared)])
        return execution


def _check_environment(env_vars: Mapping[str, str]) -> None:
    problems = [
        f"env_vars.{name}: {_environment_problem(name)}"
        for name in env_vars
        if _environment_problem(name)
    ]
    if problems:
        raise InvalidInput(
            "Some environment variables cannot be set", problems=problems
        )


def _environment_problem(name: str) -> str | None:
    if not _ENVIRONMENT_NAME.match(name):
        return (
            "a name is letters, digits and underscores, and does not begin with a digit"
        )
    if name.upper().startswith(RESERVED_PREFIX):
        return f"names that begin with {RESERVED_PREFIX} are the platform's own"
    return None
