"""The command line: commands parse, call and show; what they do lives on the floors below."""
