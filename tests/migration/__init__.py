"""Tests of the migration chain."""
