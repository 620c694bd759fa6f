"""The rarer features of the real client: played, and what must come of each row of them."""
