"""Ways to make a candidate again when its first loop is not good."""
