"""Attune: an event-driven automation platform on durable workflows."""

__version__ = "0.6.0"
