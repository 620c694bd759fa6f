"""One full cycle of the program, failing at its n-th call, and what must hold afterwards."""
