"""Test doubles, drivers and data that more than one test uses."""
