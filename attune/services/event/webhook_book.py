"""The open webhooks by key, remembered until a trigger changes."""

from dataclasses import dataclass
from functools import partial

from attune.db.database import Transaction
from attune.domain.errors import NotFound
from attune.domain.webhook_checks import WebhookChecks
from attune.security.encryption import Encryption
from attune.services.memory import Memory
from attune.services.webhook_secret import open_secrets


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """Whose address it is, and what arrives there has to pass."""

    key: str
    trigger_ref: str
    checks: WebhookChecks


class WebhookBook:
    """Remembers open webhooks; one for each process."""

    def __init__(self, encryption: Encryption) -> None:
        self._encryption = encryption
        self._webhooks = Memory[Webhook]()

    def forget(self) -> None:
        """Read everything anew; called when any definition has changed."""
        self._webhooks.forget()

    async def find(self, tx: Transaction, key: str) -> Webhook:
        """Return the open webhook of this key, or raise NotFound."""
        return await self._webhooks.recall(key, partial(self._read, tx, key))

    async def _read(self, tx: Transaction, key: str) -> Webhook:
        trigger = await tx.triggers.find_by_webhook_key(key)
        if trigger is None or not (trigger.webhook_enabled and trigger.enabled):
            raise NotFound(entity="webhook", ref="with this key")
        config = open_secrets(self._encryption, trigger.ref, trigger.webhook_config)
        return Webhook(
            key=key, trigger_ref=trigger.ref, checks=WebhookChecks.parse(config)
        )
