"""The secrets of webhooks: encrypted where the API writes them, understood when plain."""

from collections.abc import Mapping

from attune.domain.json import Json, JsonObject
from attune.domain.webhook_config import SECRETS
from attune.security.encryption import Encryption, Undecryptable
from attune.services.sealing import reseal, seal, unseal


def seal_secrets(
    encryption: Encryption, trigger_ref: str, config: Mapping[str, Json]
) -> JsonObject:
    """Return the configuration with its secrets encrypted for this trigger."""
    section = config.get("hmac")
    if not isinstance(section, dict):
        return dict(config)
    place = _place(trigger_ref)
    return {**config, "hmac": seal(encryption, SECRETS, section, place=place)}


def open_secrets(encryption: Encryption, trigger_ref: str, config: Json) -> Json:
    """Return the configuration with its secrets in plain, whatever it is else.

    Secrets that cannot be decrypted are no secrets: without any other nothing passes.
    """
    section = config.get("hmac") if isinstance(config, dict) else None
    if not isinstance(config, dict) or not isinstance(section, dict):
        return config
    opened: JsonObject = {
        name: plain
        for name, value in section.items()
        if (plain := _opened(encryption, trigger_ref, name, value)) is not None
    }
    return {**config, "hmac": opened}


def reseal_secrets(
    encryption: Encryption, trigger_ref: str, config: JsonObject
) -> JsonObject:
    """Return the configuration with its secrets encrypted by the key of now."""
    section = config.get("hmac")
    if not isinstance(section, dict):
        return config
    place = _place(trigger_ref)
    return {**config, "hmac": reseal(encryption, section, place=place)}


def _opened(encryption: Encryption, trigger_ref: str, name: str, value: Json) -> Json:
    try:
        return unseal(encryption, {name: value}, place=_place(trigger_ref))[name]
    except Undecryptable:
        return None


def _place(trigger_ref: str) -> str:
    return f"webhook:{trigger_ref}"
