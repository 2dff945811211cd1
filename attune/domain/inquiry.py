"""The life of an inquiry: a question to a person and what may become of it."""

from enum import StrEnum


class InquiryStatus(StrEnum):
    """Where an inquiry stands; everything but pending is final."""

    PENDING = "pending"  # nobody has answered yet
    RESPONDED = "responded"  # a valid answer was accepted
    TIMEOUT = "timeout"  # its deadline passed first
    CANCELLED = "cancelled"  # its execution was cancelled first
