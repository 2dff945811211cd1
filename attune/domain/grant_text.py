"""Grants as people write them: what is wrong with one, and where."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from pydantic import ValidationError

from attune.domain.permission import Grant, translate_seed_grant

MOST_GRANTS: Final = 200
_SEED_TYPES: Final = ("system", "pack", "user")


def grant_problems(written: Sequence[object]) -> list[str]:
    """Return everything that is wrong with grants in either spelling."""
    if len(written) > MOST_GRANTS:
        return [f"grants: must have at most {MOST_GRANTS}"]
    return [
        problem
        for number, grant in enumerate(written)
        for problem in _problems(grant, f"grants[{number}]")
    ]


def _problems(grant: object, where: str) -> Iterable[str]:
    if not isinstance(grant, dict):
        return [f"{where}: must be an object"]
    return _seed(grant, where) if "type" in grant else _plain(grant, where)


def _plain(grant: Mapping[str, object], where: str) -> list[str]:
    try:
        Grant.model_validate(grant)
    except ValidationError as error:
        return [
            ".".join([where, *map(str, each["loc"])]) + f": {_message(each['msg'])}"
            for each in error.errors(include_input=False, include_url=False)
        ]
    return []


def _message(text: str) -> str:
    return text[:1].lower() + text[1:]


def _seed(grant: Mapping[str, object], where: str) -> Iterable[str]:
    """Check the `{type, scope, components}` of the data-model document."""
    if grant["type"] not in _SEED_TYPES:
        yield f"{where}.type: must be one of {', '.join(_SEED_TYPES)}"
        return
    for name in sorted(grant.keys() - {"type", "scope", "components"}):
        yield f"{where}.{name}: is not known beside `type`"
    if grant["type"] == "pack" and not isinstance(grant.get("scope"), str):
        yield f"{where}.scope: must be the ref of a pack"
        return
    for spelled in translate_seed_grant(grant)[:1]:
        yield from _plain(spelled, where)
