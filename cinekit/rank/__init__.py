"""Predicts how a user would rate a cinemagraph, learning from everybody\x27s ratings."""
