"""Answers of the API as frozen values, one module per family."""
