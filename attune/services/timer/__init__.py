"""Timers: fired, woken in time, and shown."""
