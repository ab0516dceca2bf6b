"""The whole plugin needs a library that is not there."""

import some_absent_library  # noqa: F401
