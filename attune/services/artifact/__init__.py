"""Artifacts: made, filled, read, and removed when their time is over."""
