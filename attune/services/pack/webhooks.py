"""The webhooks of a pack's triggers, as far as its files speak of them."""

from collections.abc import Mapping, Sequence

from attune.db.models.trigger import Trigger
from attune.domain.errors import InvalidInput
from attune.domain.webhook_config import SECRETS, check_config, merged
from attune.packs.component import TriggerDocument, WebhookDocument
from attune.packs.definition import Sourced
from attune.packs.problems import Problems
from attune.security.encryption import Encryption
from attune.services.webhook import new_webhook_key
from attune.services.webhook_secret import open_secrets, seal_secrets


def guard_webhooks(
    encryption: Encryption,
    triggers: Mapping[str, Trigger],
    documents: Sequence[Sourced[TriggerDocument]],
    problems: Problems,
) -> list[str]:
    """Give triggers the webhooks that their files describe, and return warnings.

    What a file does not say stays as people configured it, the secret above all.
    """
    warnings: list[str] = []
    for each in documents:
        trigger, webhook = triggers[each.document.ref], each.document.webhook
        if webhook is None or trigger.is_adhoc:
            continue
        with problems.collecting(each.source):
            _guard(encryption, trigger, webhook)
        if webhook.hmac is not None and webhook.hmac.model_fields_set & {*SECRETS}:
            warnings.append(
                f"{each.source}: webhook.hmac.secret: whoever reads the pack's files "
                "knows it; better leave it to attune trigger webhook configure"
            )
    return warnings


def _guard(encryption: Encryption, trigger: Trigger, webhook: WebhookDocument) -> None:
    if webhook.enabled is not None:
        trigger.webhook_enabled = webhook.enabled
    if trigger.webhook_enabled:
        trigger.webhook_key = trigger.webhook_key or new_webhook_key()
    said = webhook.model_dump(mode="json", exclude_unset=True, exclude={"enabled"})
    known = open_secrets(encryption, trigger.ref, trigger.webhook_config)
    config = merged(known if isinstance(known, dict) else {}, said)
    try:
        check_config(config, needs_secret=False)
    except InvalidInput as refused:
        raise InvalidInput(
            refused.message, problems=[f"webhook.{each}" for each in refused.problems]
        ) from None
    trigger.webhook_config = seal_secrets(encryption, trigger.ref, config)
