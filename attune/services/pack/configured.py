"""What a pack is configured with for somebody: its own settings below theirs."""

from collections.abc import Mapping
from dataclasses import dataclass

from attune.domain.json import Json, JsonObject
from attune.domain.keystore import key_paths
from attune.domain.schema import REDACTED, apply_defaults, secret_names
from attune.services.sealing import is_sealed


@dataclass(frozen=True)
class Configured:
    """Settings as they are stored, and which of them nobody may see."""

    values: JsonObject
    secret: frozenset[str]

    def masked(self) -> JsonObject:
        """Return the settings as templates see them where they may not hand on."""
        return {
            name: REDACTED if name in self.secret else value
            for name, value in self.values.items()
        }


def configured(
    schema: JsonObject | None, base: Mapping[str, Json], own: Mapping[str, Json] | None
) -> Configured:
    """Put the defaults, the pack's settings and an identity's own ones together.

    A setting that refers to a key is as secret as that.
    """
    values = apply_defaults(schema, {**base, **(own or {})})
    declared = secret_names(schema)
    secret = frozenset(
        name
        for name, value in values.items()
        if value is not None
        and (name in declared or is_sealed(value) or key_paths(value))
    )
    return Configured(values, secret)
