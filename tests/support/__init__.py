"""Servers, builders and waiting for the tests."""
