"""Keys as clients write them and read them."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from attune.api.schemas.definition import Creation, RefText, RowId
from attune.api.schemas.envelope import Flag, Read
from attune.api.schemas.moment import Moment
from attune.api.schemas.patch import Patch, Update
from attune.domain.key import OwnerType
from attune.services.key import KeyView

Name = Annotated[str, Field(min_length=1, max_length=255)]


class CreateKeyRequest(Creation):
    """A new key, with the one owner that its type asks for."""

    name: Name
    """Unique among the keys of its owner."""
    owner_type: OwnerType
    value: Any
    """Any JSON."""
    encrypted: Flag | None = None
    """Whether the value is encrypted where it is stored, and masked where it is shown."""
    local_ref: RefText | None = None
    """What follows the owner in its ref; the name, when not given."""
    ref: RefText | None = None
    """The whole ref, used as it is."""
    owner_identity: RowId | None = None
    owner_identity_login: RefText | None = None
    """Whose key it is; the caller's own when no identity is named."""
    owner_pack_ref: RefText | None = None
    owner_action_ref: RefText | None = None
    owner_sensor_ref: RefText | None = None
    expires_at: Moment | None = None
    """From when on nothing resolves it."""

    def given(self) -> dict[str, Any]:
        """Return the fields that were given; the value may be null."""
        return {**super().given(), "value": self.value}


class UpdateKeyRequest(Update):
    """Changes of a key."""

    name: Name | None = None
    value: Any = None
    encrypted: Flag | None = None
    """False stores in plain from now on, which takes the grant to decrypt."""
    expires_at: Patch[Moment] = None


class KeySummary(Read):
    """A key in a list, without its value."""

    id: int
    ref: str
    local_ref: str
    name: str
    owner_type: OwnerType
    owner: str
    encrypted: bool
    expires_at: datetime | None
    created: datetime


class KeyResponse(KeySummary):
    """A key, with its value for those who may know it."""

    owner_identity: int | None = Field(validation_alias="owner_identity_id")
    owner_pack: int | None = Field(validation_alias="owner_pack_id")
    owner_pack_ref: str | None
    owner_action: int | None = Field(validation_alias="owner_action_id")
    owner_action_ref: str | None
    owner_sensor: int | None = Field(validation_alias="owner_sensor_id")
    owner_sensor_ref: str | None
    value: Any
    """Null for a key that is encrypted, unless it was decrypted; and once it expired."""
    updated: datetime


def key_response(view: KeyView) -> KeyResponse:
    """Show one key with what the caller may know of its value."""
    # The row still holds the value as it is stored.
    shown = KeyResponse.model_validate(view.key)
    return shown.model_copy(update={"value": view.value})
