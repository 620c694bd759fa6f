"""A strict double of the OpenSync backend: its rules, its traps, and the faults around it."""
