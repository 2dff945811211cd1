"""Request and response bodies, one file for each subject."""
