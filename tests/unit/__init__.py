"""Tests without any server."""
