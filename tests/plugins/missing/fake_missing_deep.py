"""Imports the heavy library at the top."""

import some_absent_library  # noqa: F401


class DeepSolver:
    pass
