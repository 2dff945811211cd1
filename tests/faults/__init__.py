"""Processes are killed at the worst moments, and every promise holds."""
