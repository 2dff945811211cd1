"""Tests of the processes as a user starts them."""
