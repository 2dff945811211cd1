"""What the commands of webhooks have in common: names, and where a secret is read."""

from enum import StrEnum
from typing import Annotated

import typer


class SchemeChoice(StrEnum):
    """The forms of a proof that a webhook can ask for, and none."""

    AUTO = "auto"
    ATTUNE = "attune"
    GITHUB = "github"
    GITLAB = "gitlab"
    STRIPE = "stripe"
    STANDARD = "standard"
    NONE = "none"


class AlgorithmChoice(StrEnum):
    """The hashes that a signature can be made with."""

    SHA1 = "sha1"
    SHA256 = "sha256"
    SHA512 = "sha512"


Ref = Annotated[str, typer.Argument(help="Ref of the trigger, pack.name.")]
AskSecret = Annotated[
    bool,
    typer.Option("--secret", help="Ask for the secret, or read a line of a pipe."),
]
SecretFile = Annotated[
    str | None, typer.Option(help="File that holds the secret; - is standard input.")
]
