"""A corpus drawn at run time: what must be removed, and what must stay."""
