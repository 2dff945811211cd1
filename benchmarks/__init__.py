"""Measurements of the platform against a bare Temporal program."""
