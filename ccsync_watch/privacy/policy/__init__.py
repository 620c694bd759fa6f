"""What may leave at all, and how much of it, before secrets are looked for."""
