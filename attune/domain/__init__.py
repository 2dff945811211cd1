"""Decisions: pure, deterministic, no I/O, no framework, no clock.

Imports the standard library, pydantic, jsonschema and the expression engine only.
"""
