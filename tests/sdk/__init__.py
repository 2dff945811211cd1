"""Tests of the API with the client that the users of Attune have."""
