"""Settings of packs as people write them and see them: checked, sealed, masked."""

from collections.abc import Mapping
from typing import Final

from attune.db.database import Transaction
from attune.domain.errors import InvalidInput
from attune.domain.json import Json, JsonObject
from attune.domain.keystore import (
    KEYSTORE,
    handing_on_problems,
    key_paths,
    key_uses,
    template_paths,
)
from attune.domain.permission import Caller
from attune.domain.schema import (
    REDACTED,
    apply_defaults,
    secret_names,
    to_json_schema,
    validate,
    without,
)
from attune.security.encryption import Encryption
from attune.services.key_reference import reference_problems
from attune.services.sealing import is_sealed, seal

_WHERE: Final = "config"


def value_problems(schema: JsonObject, config: Mapping[str, Json]) -> list[str]:
    """Return which settings do not fit the schema, the defaults of others included.

    What a reference gives is not known before it is read.
    """
    referring = {name for name, value in config.items() if key_paths(value)}
    known = {name: value for name, value in config.items() if name not in referring}
    fitting = without(to_json_schema(schema), referring)
    return [
        *validate(fitting, apply_defaults(schema, known), _WHERE),
        *_template_problems({name: config[name] for name in referring}),
    ]


def _template_problems(referring: Mapping[str, Json]) -> list[str]:
    problems = handing_on_problems(
        {f"{_WHERE}.{name}": value for name, value in referring.items()}
    )
    return problems + [
        f"{_WHERE}.{name}: a setting that refers to a key can refer to nothing else, "
        f"not to '{'.'.join(path)}'"
        for name, value in referring.items()
        for path in sorted(template_paths(value))
        if path[0] != KEYSTORE
    ]


async def require_references(
    tx: Transaction,
    caller: Caller,
    pack_ref: str,
    config: Mapping[str, Json],
    *,
    owns: bool,
) -> None:
    """Raise InvalidInput unless whoever configures may decrypt what is referred to."""
    uses = key_uses(dict(config), _WHERE)
    problems = await reference_problems(tx, [caller], uses, pack_ref, owns=owns)
    if problems:
        raise InvalidInput("The pack cannot refer to these keys", problems=problems)


def sealed_config(
    encryption: Encryption,
    schema: JsonObject | None,
    config: Mapping[str, Json],
    *,
    place: str,
) -> JsonObject:
    """Return the settings as they are stored; where a key is, is no secret."""
    return seal(encryption, _literal(schema, config), config, place=place)


def shown_config(schema: JsonObject | None, config: Mapping[str, Json]) -> JsonObject:
    """Return the settings with `***` for each that is secret and not null."""
    literal = _literal(schema, config)
    return {
        name: REDACTED
        if value is not None and (name in literal or is_sealed(value))
        else value
        for name, value in config.items()
    }


def unmasked_config(
    schema: JsonObject | None, before: Mapping[str, Json], given: Mapping[str, Json]
) -> JsonObject:
    """Return the settings with what clients only ever see masked as it was."""
    masked = {name for name in secret_names(schema) if given.get(name) == REDACTED}
    return {
        name: before[name] if name in masked else value
        for name, value in given.items()
        if name not in masked or name in before
    }


def _literal(schema: JsonObject | None, config: Mapping[str, Json]) -> frozenset[str]:
    secret = secret_names(schema)
    return frozenset(
        name for name in secret & config.keys() if not key_paths(config[name])
    )
