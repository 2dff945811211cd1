"""Workflows: their definitions, and the steps by which those that run go on."""
