"""Envelopes, pages, partial updates and the null rule."""

from typing import Any

import pytest
from pydantic import ValidationError

from attune.api.schemas.envelope import (
    Data,
    ListOrEmpty,
    ObjectOrEmpty,
    Omitted,
    Read,
    data,
    flat_and_enveloped,
)
from attune.api.schemas.page import Page, page
from attune.api.schemas.patch import Patch, Update
from attune.domain.page import PageRequest, PageResult


class Thing(Read):
    id: int
    result: ObjectOrEmpty = {}
    tags: ListOrEmpty[str] = []
    note: Omitted[str]


class Row:
    id = 1
    result = None
    tags = None
    note = None


class ThingUpdate(Update):
    label: str | None = None
    description: Patch[str] = None
    limit: Patch[int] = None


def test_nulls_become_empty_where_clients_cannot_bear_them() -> None:
    assert Data[Thing].model_validate(data(Row())).model_dump() == {
        "data": {"id": 1, "result": {}, "tags": []}
    }


def test_a_message_stands_in_the_envelope_when_there_is_one() -> None:
    shown = Data[Thing].model_validate(data(Row(), "done")).model_dump()

    assert shown["message"] == "done"


def test_the_five_operations_answer_flat_and_enveloped() -> None:
    shown = flat_and_enveloped(Thing, Row())

    assert shown["id"] == 1
    assert shown["data"]["id"] == 1


def show(result: PageResult[Any]) -> dict[str, Any]:
    shown = Page[Thing].model_validate(page(result)).model_dump()
    return dict(shown["pagination"])


def test_a_page_says_where_it_stands() -> None:
    request = PageRequest(offset=20, limit=10)
    result = PageResult(items=[Row()], request=request, total=31, has_next=True)

    assert show(result) == {
        "page": 3,
        "page_size": 10,
        "total_items": 31,
        "total_pages": 4,
        "has_previous": True,
        "has_next": True,
    }


def test_totals_that_were_not_counted_are_absent() -> None:
    request = PageRequest(limit=10, with_total=False)

    assert set(show(PageResult(items=[], request=request))) == {
        "page",
        "page_size",
        "has_previous",
        "has_next",
    }


@pytest.mark.parametrize(
    ("body", "changes"),
    [
        ({}, {}),
        ({"label": None, "description": None}, {}),
        ({"label": "a"}, {"label": "a"}),
        ({"description": {"op": "set", "value": "b"}}, {"description": "b"}),
        ({"description": {"op": "clear"}}, {"description": None}),
        ({"description": "plain"}, {"description": "plain"}),
        ({"limit": 3}, {"limit": 3}),
        ({"limit": {"op": "set", "value": 0}}, {"limit": 0}),
    ],
    ids=str,
)
def test_a_partial_update_changes_what_it_names(
    body: dict[str, Any], changes: dict[str, Any]
) -> None:
    assert ThingUpdate.model_validate(body).changes() == changes


@pytest.mark.parametrize(
    "body",
    [{"limit": "x"}, {"limit": {"op": "set"}}, {"limit": {"op": "drop"}}],
    ids=str,
)
def test_a_partial_update_checks_the_value(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ThingUpdate.model_validate(body)
