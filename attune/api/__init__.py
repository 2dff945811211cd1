"""HTTP: translation to and from the services, and nothing else."""
