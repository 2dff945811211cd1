"""What the bodies of definitions have in common."""

from typing import Annotated, Any

from pydantic import Field

from attune.api.schemas.envelope import Body

MOST_REFS = 100
LONGEST_DESCRIPTION = 10_000
LARGEST_LIMIT = 2**31 - 1
LONGEST_TIMEOUT_SECONDS = 30 * 86400

RefText = Annotated[str, Field(min_length=1, max_length=255)]
RefList = Annotated[list[RefText], Field(max_length=MOST_REFS)]
Label = Annotated[str, Field(min_length=1, max_length=255)]
Description = Annotated[str, Field(max_length=LONGEST_DESCRIPTION)]
Tags = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=64)]], Field(max_length=100)
]
RetentionLimit = Annotated[int, Field(ge=1, le=LARGEST_LIMIT, strict=True)]
Timeout = Annotated[int, Field(ge=1, le=LONGEST_TIMEOUT_SECONDS, strict=True)]
RowId = Annotated[int, Field(ge=1, le=2**63 - 1, strict=True)]


class Creation(Body):
    """Base of every body that makes a definition."""

    def given(self) -> dict[str, Any]:
        """Return the fields that were given; null stands for one that was not."""
        fields = {name: getattr(self, name) for name in self.model_fields_set}
        return {name: value for name, value in fields.items() if value is not None}
