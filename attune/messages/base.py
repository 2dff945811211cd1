"""The base of everything that Temporal stores."""

from pydantic import BaseModel, ConfigDict


class Message(BaseModel):
    """Something Temporal stores and may hand back years later.

    Fields are only ever added, each with a default; unknown ones are ignored, so that
    an old worker survives a new sender.
    """

    model_config = ConfigDict(
        frozen=True, extra="ignore", use_attribute_docstrings=True
    )
