"""The closed sets of an action: how it is given its parameters, how it is read."""

from enum import StrEnum


class ParameterDelivery(StrEnum):
    """Where the process finds its parameters; never in its environment."""

    STDIN = "stdin"  # one document, then the end of file
    FILE = "file"  # a 0400 file, named by ATTUNE_PARAMETER_FILE, removed afterwards


class ParameterFormat(StrEnum):
    """How the document of parameters is written."""

    JSON = "json"  # one object on one line
    DOTENV = "dotenv"  # sorted lines key='value', nested objects flattened with dots
    YAML = "yaml"  # one mapping


class OutputFormat(StrEnum):
    """How the standard output of the process is read."""

    TEXT = "text"  # as it is
    JSON = "json"  # the whole of it, else its last line
    YAML = "yaml"  # one document
    JSONL = "jsonl"  # one object a line


class OnWorkerLoss(StrEnum):
    """What to do when the worker is lost after the process started."""

    ABANDON = "abandon"  # the code may have had its effect: never twice
    RERUN = "rerun"  # the action says that it may run again
