"""Seeded chaos: writers, faults and damage around the real program, and an oracle of its own."""
