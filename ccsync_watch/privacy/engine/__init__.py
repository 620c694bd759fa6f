"""The scan that finds where rules may match, how rules are described, and what they remove."""
