"""Ways to make a candidate again when its first loop is not good."""

from cinekit.mend.finish import finish, frames_of
from cinekit.mend.held import HeldAttempt
from cinekit.mend.whole import MixedAttempt, WholeAttempt

__all__ = ["HeldAttempt", "MixedAttempt", "WholeAttempt", "finish", "frames_of"]
