"""``python -m cinekit``: the command line."""

import sys

from cinekit.cli import main

sys.exit(main())
