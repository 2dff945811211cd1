"""One setting of a pack in plain, with the keys that it refers to still to be read."""

import secrets
from dataclasses import dataclass, field, replace
from typing import Any

from attune.db.repositories.pack import ConfigLayers
from attune.domain.json import Json, JsonObject
from attune.domain.keystore import KEYSTORE, key_paths, keystore_of
from attune.domain.reference import Reference, References
from attune.domain.schema import apply_defaults
from attune.domain.template import render
from attune.security.encryption import Encryption
from attune.services.sealing import own_place, pack_place, unseal


@dataclass(frozen=True)
class Setting:
    """A configuration of one setting, with `***` where keys belong."""

    config: JsonObject
    references: list[Reference] = field(default_factory=list)
    owner_id: int | None = None
    """The identity whose own it is; None for the pack's."""


def stored_setting(
    encryption: Encryption,
    layers: ConfigLayers,
    pack_ref: str,
    name: str,
    identity_id: int | None,
) -> Setting:
    """Return what a setting is for an identity: its own, the pack's, or the default.

    A pack's setting may refer to the pack's keys; an identity's to what it may decrypt.
    """
    context: JsonObject = {"pack": pack_ref, "own": True}
    if layers.own is not None and name in layers.own and identity_id is not None:
        stored: Any = {name: layers.own[name]}
        place = own_place(pack_ref, identity_id)
        context = {"pack": pack_ref, "own": False, "author": identity_id}
    else:
        stored = {name: apply_defaults(layers.schema, layers.base).get(name)}
        place = pack_place(pack_ref)
        context["author"] = layers.configured_by
        identity_id = None
    value = unseal(encryption, stored, place=place)[name]
    return replace(_referring(name, value, context), owner_id=identity_id)


def _referring(name: str, value: Json, context: JsonObject) -> Setting:
    """Put references where the value refers to keys; nothing else in it is a template."""
    paths = key_paths(value)
    if not paths:
        return Setting({name: value})
    references = References(secrets.token_hex(16))
    markers = references.keystore(paths, context)
    rendered = render(value, {KEYSTORE: keystore_of(markers, paths)})
    return Setting(*references.extract({name: rendered}))
