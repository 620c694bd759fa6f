"""Values known to be secret, from the environment and from files made to hold them."""
