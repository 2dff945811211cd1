"""Conditions as clients can read them."""

from typing import Annotated, Any

from pydantic import BeforeValidator, ValidationInfo

from attune.domain.enforcement import EnforcementCondition
from attune.domain.rule import shown_conditions


def _shown(conditions: Any, info: ValidationInfo) -> dict[str, Any]:
    mode = info.data.get("condition", EnforcementCondition.ALL)
    return shown_conditions(conditions, mode)


ShownConditions = Annotated[dict[str, Any], BeforeValidator(_shown)]
"""An expression, or a list under `all` or `any`; stands below the field `condition`."""
