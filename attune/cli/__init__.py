"""The command line: arguments in, one request, printing out."""
