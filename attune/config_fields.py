"""What the value of a setting may be: secrets, URLs, directories, spans, counts."""

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Never

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from attune.domain.errors import InvalidInput

PREFIX = "ATTUNE__"

MIN_SECRET_LENGTH = 32
MIN_DISTINCT_CHARACTERS = 8
PLACEHOLDERS = (
    "changeme",
    "changethis",
    "changein",
    "default",
    "example",
    "insecure",
    "placeholder",
    "replaceme",
    "replacethis",
    "yoursecret",
)


class NotGiven(SecretStr):
    """A secret nobody configured: it can be passed around, and refuses to be used."""

    def __init__(self, name: str) -> None:
        super().__init__("")
        self._name = name

    def get_secret_value(self) -> Never:
        """Refuse: there is no default for a secret."""
        raise InvalidInput(f"{variable(self._name)} is not set")


def variable(name: str) -> str:
    """Return the environment variable of a setting such as `server.port`."""
    return PREFIX + name.replace(".", "__").upper()


def _strong(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if len(text) < MIN_SECRET_LENGTH:
        raise ValueError(f"needs at least {MIN_SECRET_LENGTH} characters")
    letters = "".join(c for c in text.lower() if c.isalnum())
    if any(word in letters for word in PLACEHOLDERS):
        raise ValueError("is a placeholder; make one with: openssl rand -base64 32")
    if len(set(text)) < MIN_DISTINCT_CHARACTERS:
        raise ValueError("is too regular; make one with: openssl rand -base64 32")
    return secret


def _postgres(url: SecretStr) -> SecretStr:
    schemes = ("postgresql://", "postgres://", "postgresql+asyncpg://")
    if not url.get_secret_value().startswith(schemes):
        raise ValueError("must begin with postgresql://")
    return url


def _split(value: object) -> object:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _network(text: str) -> str:
    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        raise ValueError("must be IP addresses or networks") from None


Secret = Annotated[SecretStr, AfterValidator(_strong)]
DatabaseUrl = Annotated[SecretStr, AfterValidator(_postgres)]
Directory = Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute())]
Network = Annotated[str, AfterValidator(_network)]
Port = Annotated[int, Field(ge=1, le=65535)]
Bytes = Annotated[int, Field(ge=1)]
Count = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Days = Annotated[float, Field(gt=0, le=36_500, allow_inf_nan=False)]
Networks = Annotated[list[Network], NoDecode, BeforeValidator(_split)]
Words = Annotated[list[str], NoDecode, BeforeValidator(_split)]
Secrets = Annotated[list[Secret], NoDecode, BeforeValidator(_split)]
