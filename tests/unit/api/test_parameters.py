"""Pages, ids and refs as they stand in a URL."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError
from starlette.exceptions import HTTPException

from attune.api.parameters import (
    MAX_ID,
    Count,
    Id,
    PageParameters,
    QueryId,
    RefPath,
)
from attune.domain.page import PageRequest

ID = TypeAdapter(Id)
REF = TypeAdapter(RefPath)
COUNT = TypeAdapter(Count)


async def window(**asked: Any) -> tuple[int, int]:
    request: PageRequest = await PageParameters()(**asked)
    return request.offset, request.limit


async def test_a_page_begins_at_the_first_and_has_fifty() -> None:
    assert await window() == (0, 50)


@pytest.mark.parametrize("name", ["page_size", "per_page", "limit"])
async def test_both_dialects_are_understood(name: str) -> None:
    assert await window(page=3, **{name: 20}) == (40, 20)


async def test_an_offset_replaces_the_page() -> None:
    assert await window(offset=7, limit=20) == (7, 20)


async def test_page_zero_is_the_first() -> None:
    assert await window(page=0) == (0, 50)


@pytest.mark.parametrize(("asked", "given"), [(1000, 100), (10**9, 100), (0, 1)])
async def test_sizes_are_clamped(asked: int, given: int) -> None:
    assert await window(limit=asked) == (0, given)


async def test_events_come_in_thousands() -> None:
    assert (await PageParameters(most=1000)(per_page=5000)).limit == 1000


async def test_no_page_is_beyond_what_the_database_can_count() -> None:
    offset, limit = await window(page=MAX_ID, limit=100)

    assert offset + limit <= MAX_ID


@pytest.mark.parametrize("text", ["-1", "1_0", "+1", " 1", "1e3", "9" * 20, "٣", "x"])
def test_a_count_is_digits_and_fits(text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        COUNT.validate_python(text)

    assert text not in refused.value.errors()[0]["msg"]


@pytest.mark.parametrize(
    "text", ["-1", "0", "1_0", "+1", "", "abc", str(2**63), "9" * 5000]
)
def test_an_id_that_cannot_be_one_is_not_found(text: str) -> None:
    with pytest.raises(HTTPException) as refused:
        ID.validate_python(text)

    assert refused.value.status_code == 404


def test_what_is_filtered_by_is_an_id_or_nothing() -> None:
    filtered = TypeAdapter(QueryId)

    assert filtered.validate_python("") is None
    assert filtered.validate_python("7") == 7
    with pytest.raises(ValidationError):
        filtered.validate_python("0")


def test_the_largest_id_is_one() -> None:
    assert ID.validate_python(str(MAX_ID)) == MAX_ID


@pytest.mark.parametrize("text", ["é.b", "a" * 256])
def test_a_ref_that_cannot_be_one_is_not_found(text: str) -> None:
    with pytest.raises(HTTPException):
        REF.validate_python(text)


def test_dots_in_a_ref_are_ordinary() -> None:
    assert REF.validate_python("core.http_request") == "core.http_request"
