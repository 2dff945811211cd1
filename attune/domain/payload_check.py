"""Whether what an event holds is what its trigger says that its events hold."""

from enum import StrEnum


class PayloadCheck(StrEnum):
    """What becomes of an event whose payload does not fit its trigger's out_schema."""

    REFUSE = "refuse"  # it is not taken, and its sender is told why
    MARK = "mark"  # it is taken like any other, and carries what is wrong with it
    OFF = "off"  # nobody looks
