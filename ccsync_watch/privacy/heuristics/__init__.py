"""Tells secrets from words, identifiers and dummy values by their name and their form."""
