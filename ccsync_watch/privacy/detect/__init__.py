"""What a secret looks like: one module for each kind of place that secrets stand in."""
