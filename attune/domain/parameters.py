"""What an execution's parameters become before it is written down."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from attune.domain.json import Json, JsonObject
from attune.domain.schema import (
    REDACTED,
    apply_defaults,
    secret_names,
    validate,
    without,
)


@dataclass(frozen=True)
class Parameters:
    """The parameters as they are stored, and why they cannot be used, if so."""

    config: JsonObject
    """Defaults filled in and secret values masked."""
    secrets: Mapping[str, Json] = field(default_factory=dict)
    """The values behind the masks, to be encrypted."""
    problem: str | None = None


def prepare_parameters(
    param_schema: JsonObject,
    given: Mapping[str, Json],
    referring: Collection[str] = (),
) -> Parameters:
    """Fill in defaults, check against the schema, take the secrets out.

    A problem does not refuse the request: the execution is written and fails with it
    (contract, c.9). Unknown parameters are kept, and so are those that refer to
    secrets: what these are is not known yet.
    """
    values = apply_defaults(param_schema, dict(given))
    problems = validate(without(param_schema, referring), values, "parameters")
    secret = [n for n in secret_names(param_schema) if values.get(n) is not None]
    # A text that refers to secrets is in its references; what stands in an object or a
    # list beside one that does is nowhere else.
    secrets = {
        name: values[name]
        for name in secret
        if name not in referring or isinstance(values[name], dict | list)
    }
    config: JsonObject = {**values, **dict.fromkeys(secret, REDACTED)}
    problem = "Invalid parameters: " + "; ".join(problems) if problems else None
    return Parameters(config=config, secrets=secrets, problem=problem)
