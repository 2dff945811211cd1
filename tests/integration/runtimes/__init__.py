"""Real processes: how they are run, ended and cleaned up."""
