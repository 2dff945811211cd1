"""Run a launch on this machine: its files, its process, its live output, its result."""
