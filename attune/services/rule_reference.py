"""What a rule may hand on of secrets, asked when it is saved."""

from collections.abc import Collection

from attune.db.database import Transaction
from attune.domain.json import JsonObject
from attune.domain.keystore import CONFIG_PATH, key_uses, template_paths
from attune.domain.permission import Action, Caller, Resource
from attune.services.acting import acting_as
from attune.services.component import owned_target
from attune.services.key_reference import reference_problems
from attune.services.pack.configured import configured


async def secret_settings(
    tx: Transaction, pack_ref: str, owner_id: int | None
) -> frozenset[str]:
    """Return the settings of a rule's pack that nobody may see."""
    layers = await tx.packs.config_layers(pack_ref, owner_id)
    return configured(layers.schema, layers.base, layers.own).secret


async def rule_secret_problems(
    tx: Transaction,
    caller: Caller,
    owner_id: int | None,
    action_params: JsonObject,
    *,
    pack_ref: str,
    secret_config: Collection[str],
) -> list[str]:
    """Return what the parameters refer to and whoever saves or owns the rule may not.

    A rule acts for its owner; somebody else who changes it must not gain by that.
    """
    callers: list[Caller | None] = [caller]
    uses = key_uses(action_params, "action_params")
    read = _secret_paths(action_params, secret_config)
    if (uses or read) and owner_id != caller.identity_id:
        callers.append(await acting_as(tx, owner_id))
    return [
        *await reference_problems(tx, callers, uses, pack_ref, owns=False),
        *await _config_problems(tx, callers, pack_ref, read),
    ]


def _secret_paths(
    action_params: JsonObject, secret_config: Collection[str]
) -> list[str]:
    size = len(CONFIG_PATH)
    return sorted(
        {
            path[size]
            for path in template_paths(action_params)
            if path[:size] == CONFIG_PATH
            and path[size:]
            and path[size] in secret_config
        }
    )


async def _config_problems(
    tx: Transaction,
    callers: Collection[Caller | None],
    pack_ref: str,
    read: Collection[str],
) -> list[str]:
    target = await owned_target(tx, pack_ref)
    may = all(
        caller is not None and caller.may(Resource.KEYS, Action.DECRYPT, target)
        for caller in callers
    )
    if may:
        return []
    return [
        f"action_params: 'pack.config.{name}' is secret, and handing it on takes "
        "keys:decrypt in its pack, of you and of the owner"
        for name in read
    ]
