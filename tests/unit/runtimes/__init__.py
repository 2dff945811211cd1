"""How documents, scripts, commands and outputs are made."""
