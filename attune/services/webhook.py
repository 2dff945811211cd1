"""Webhooks: addresses that turn requests into events of a trigger."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from attune.db.database import Database
from attune.db.models.trigger import Trigger
from attune.domain.errors import MalformedInput
from attune.domain.json import JsonObject
from attune.domain.permission import Action, Caller
from attune.domain.webhook_config import (
    check_config,
    config_problems,
    merged,
    without_secrets,
)
from attune.security.encryption import Encryption
from attune.services.definitions import Definitions
from attune.services.trigger import (
    TriggerView,
    get_trigger,
    lock_trigger,
    view_trigger,
)
from attune.services.webhook_secret import open_secrets, seal_secrets

KEY_PREFIX: Final = "wh_"
_KEY_BYTES: Final = 16


@dataclass(frozen=True, kw_only=True)
class WebhookView:
    """The checks of a webhook as those who may change them see them."""

    trigger_ref: str
    webhook_enabled: bool
    config: JsonObject
    """What can be read of the configuration, without secrets."""
    problems: list[str]
    """What cannot be read: these checks refuse every request."""


class WebhookService:
    """Opens, closes and guards the webhooks of triggers."""

    def __init__(
        self, database: Database, definitions: Definitions, encryption: Encryption
    ) -> None:
        self._database = database
        self._definitions = definitions
        self._encryption = encryption

    async def enable(self, caller: Caller, trigger_ref: str) -> TriggerView:
        """Open the webhook; one that was closed gets its address back."""
        async with self._database.transaction() as tx:
            trigger = await lock_trigger(tx, caller, trigger_ref, Action.UPDATE)
            trigger.webhook_key = trigger.webhook_key or new_webhook_key()
            trigger.webhook_enabled = True
            await tx.flush()
            view = await view_trigger(tx, caller, trigger)
        self._definitions.forget()
        return view

    async def disable(self, caller: Caller, trigger_ref: str) -> TriggerView:
        """Close the webhook: its address is unknown until it is opened again."""
        async with self._database.transaction() as tx:
            trigger = await lock_trigger(tx, caller, trigger_ref, Action.UPDATE)
            trigger.webhook_enabled = False
            await tx.flush()
            view = await view_trigger(tx, caller, trigger)
        self._definitions.forget()
        return view

    async def config(self, caller: Caller, trigger_ref: str) -> WebhookView:
        """Return the checks; what they refuse is for those to know who may change it."""
        async with self._database.transaction() as tx:
            trigger = await get_trigger(tx, caller, trigger_ref, Action.UPDATE)
            return self._view(trigger)

    async def configure(
        self, caller: Caller, trigger_ref: str, changes: Mapping[str, Any]
    ) -> WebhookView:
        """Change the sections that are given; None takes a section away.

        Within a section what is not given stays, secrets above all.
        """
        async with self._database.transaction() as tx:
            trigger = await lock_trigger(tx, caller, trigger_ref, Action.UPDATE)
            config = merged(self._opened(trigger), changes)
            check_config(config)
            trigger.webhook_config = seal_secrets(self._encryption, trigger.ref, config)
            await tx.flush()
            view = self._view(trigger)
        self._definitions.forget()
        return view

    def _opened(self, trigger: Trigger) -> JsonObject:
        config = open_secrets(self._encryption, trigger.ref, trigger.webhook_config)
        return config if isinstance(config, dict) else {}

    def _view(self, trigger: Trigger) -> WebhookView:
        config = self._opened(trigger)
        return WebhookView(
            trigger_ref=trigger.ref,
            webhook_enabled=trigger.webhook_enabled,
            config=without_secrets(config),
            problems=config_problems(config),
        )

    async def regenerate(self, caller: Caller, trigger_ref: str) -> TriggerView:
        """Give an open webhook a new address; the old one is unknown at once."""
        async with self._database.transaction() as tx:
            trigger = await lock_trigger(tx, caller, trigger_ref, Action.UPDATE)
            if not trigger.webhook_enabled:
                raise MalformedInput(f"The webhook of {trigger_ref} is not enabled")
            trigger.webhook_key = new_webhook_key()
            await tx.flush()
            view = await view_trigger(tx, caller, trigger)
        self._definitions.forget()
        return view


def new_webhook_key() -> str:
    """Return an address that nobody can guess."""
    return KEY_PREFIX + secrets.token_hex(_KEY_BYTES)
