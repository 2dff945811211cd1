"""Tests on real servers, in process."""
