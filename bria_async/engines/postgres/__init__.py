"""Runs that are kept in PostgreSQL, where many workers share them."""
