"""The whole tree of errors, in one place.

Every message is one line: what was expected, what came, what to do. The command line prints
the message alone and exits with status 1; a traceback means a bug in cinekit.

    CinekitError
    ├── ClipError (ValueError)
    │   └── ClipNotFoundError (FileNotFoundError)
    ├── Cancelled
    ├── ConfigError (ValueError)
    │   └── UnknownOptionError (TypeError)
    ├── PluginError (LookupError)
    │   ├── UnknownComponentError
    │   ├── DuplicateComponentError
    │   ├── BrokenPluginError (ImportError)
    │   └── MissingDependencyError (ImportError)
    ├── SegmenterError (ValueError)
    │   └── WeightsError (OSError)
    ├── SolverError (ValueError)
    ├── RenderError (ValueError)
    ├── WriteError (OSError)
    └── RankError (ValueError)
"""

from __future__ import annotations


class CinekitError(Exception):
    """Base of everything that cinekit raises on purpose."""


class ClipError(CinekitError, ValueError):
    """The input cannot be animated: no video stream, too short, no frame decodes."""


class ClipNotFoundError(ClipError, FileNotFoundError):
    """The path of the clip does not exist or is a directory."""


class ConfigError(CinekitError, ValueError):
    """An option has a value outside its range, is missing, or does not exist."""


class UnknownOptionError(ConfigError, TypeError):
    """There is no option of that name; the message has the one that reads alike."""


class Cancelled(CinekitError):
    """The job was ended by its caller; nothing was written."""


class PluginError(CinekitError, LookupError):
    """A plugin or one of its components cannot be used."""


class UnknownComponentError(PluginError):
    """No plugin provides a component of that name; the message lists the names that exist."""


class DuplicateComponentError(PluginError):
    """Two plugins provide a component of the same name; the message names both."""


class BrokenPluginError(PluginError, ImportError):
    """The plugin that provides the component failed to import."""


class MissingDependencyError(PluginError, ImportError):
    """The component needs a package that is not installed; the message says which."""


class SegmenterError(CinekitError, ValueError):
    """A segmenter's input, labels or output do not fit together."""


class WeightsError(SegmenterError, OSError):
    """A network's weights file is missing, truncated, corrupt or of another network."""


class SolverError(CinekitError, ValueError):
    """A solver cannot express or solve the problem it was given."""


class RenderError(CinekitError, ValueError):
    """A loop cannot be rendered from these labels or with these options."""


class WriteError(CinekitError, OSError):
    """An output file cannot be written."""


class RankError(CinekitError, ValueError):
    """Ratings, features or a fitted ranker do not fit together."""
