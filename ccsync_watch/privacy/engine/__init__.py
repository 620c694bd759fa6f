"""The scan that finds where rules may match, and the ranges that they remove."""
