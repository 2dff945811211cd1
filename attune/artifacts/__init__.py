"""The bytes of artifacts: files below one directory, which actions may write to as well."""
