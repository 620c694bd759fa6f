"""Separates secrets from words, identifiers and dummy values, by their names and characters."""
