"""How code of a runtime is installed and run."""
