"""Bodies are read as they are documented: no switch that is a number, no time either."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from attune.api.schemas.envelope import Flag
from attune.api.schemas.moment import AwareMoment, Moment
from attune.api.schemas.patch import Patch, Update

FLAG = TypeAdapter(Flag)


class Change(Update):
    label: Patch[str] = None


@pytest.mark.parametrize("value", [0, 1, "yes", "true", "off", 1.0, None])
def test_a_switch_is_true_or_false(value: object) -> None:
    assert FLAG.validate_json("true") is True

    with pytest.raises(ValidationError):
        FLAG.validate_python(value)


@pytest.mark.parametrize("value", [0, 1.5, True, "1764000000", "-1.5", "20260101"])
def test_a_time_is_no_number(value: object) -> None:
    for kind in (Moment, AwareMoment):
        with pytest.raises(ValidationError):
            TypeAdapter(kind).validate_python(value)


def test_a_time_is_text() -> None:
    for kind in (Moment, AwareMoment):
        read: Any = TypeAdapter(kind).validate_python("2026-01-01T01:00:00+01:00")

        assert read.isoformat() == "2026-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("given", "changes"),
    [
        ({"label": "new"}, {"label": "new"}),
        ({"label": {"op": "set", "value": "new"}}, {"label": "new"}),
        ({"label": {"op": "clear"}}, {"label": None}),
        ({"label": None}, {}),
        ({}, {}),
    ],
)
def test_a_patch_is_described_in_each_way_it_may_be_written(
    given: dict[str, Any], changes: dict[str, Any]
) -> None:
    assert Change.model_validate(given).changes() == changes

    described = Change.model_json_schema()["properties"]["label"]["anyOf"]
    kinds = [each["type"] for each in described]
    assert kinds == ["string", "object", "object", "null"]
