"""Workflows with fake activities, on a real Temporal server."""
