"""The whole platform on one machine: embedded servers and supervised processes."""
