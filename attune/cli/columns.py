"""Columns that several tables share."""

from attune.cli.output import Column

TIMES = (Column("created", "created"), Column("updated", "updated"))
