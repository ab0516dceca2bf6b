"""Fails at import."""

raise RuntimeError("the wheels came off\nin the second line")
