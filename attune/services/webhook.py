"""Webhooks: addresses that turn requests into events of a trigger."""

import secrets
from typing import Final

from attune.db.database import Database
from attune.db.models.trigger import Trigger
from attune.domain.errors import MalformedInput
from attune.domain.permission import Action, Caller
from attune.services.definitions import Definitions
from attune.services.trigger import lock_trigger

KEY_PREFIX: Final = "wh_"
_KEY_BYTES: Final = 16


class WebhookService:
    """Opens and closes the webhooks of triggers."""

    def __init__(self, database: Database, definitions: Definitions) -> None:
        self._database = database
        self._definitions = definitions

    async def enable(self, caller: Caller, trigger_ref: str) -> Trigger:
        """Open the webhook; one that was closed gets its address back."""
        async with self._database.transaction() as tx:
            trigger = await lock_trigger(tx, caller, trigger_ref, Action.UPDATE)
            trigger.webhook_key = trigger.webhook_key or _new_key()
            trigger.webhook_enabled = True
            await tx.flush()
        self._definitions.forget()
        return trigger

    async def disable(self, caller: Caller, trigger_ref: str) -> Trigger:
        """Close the webhook: its address is unknown until it is opened again."""
        async with self._database.transaction() as tx:
            trigger = await lock_trigger(tx, caller, trigger_ref, Action.UPDATE)
            trigger.webhook_enabled = False
            await tx.flush()
        self._definitions.forget()
        return trigger

    async def regenerate(self, caller: Caller, trigger_ref: str) -> Trigger:
        """Give an open webhook a new address; the old one is unknown at once."""
        async with self._database.transaction() as tx:
            trigger = await lock_trigger(tx, caller, trigger_ref, Action.UPDATE)
            if not trigger.webhook_enabled:
                raise MalformedInput(f"The webhook of {trigger_ref} is not enabled")
            trigger.webhook_key = _new_key()
            await tx.flush()
        self._definitions.forget()
        return trigger


def _new_key() -> str:
    return KEY_PREFIX + secrets.token_hex(_KEY_BYTES)
