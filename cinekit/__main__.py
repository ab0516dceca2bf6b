"""``python -m cinekit``: the command line."""

import sys

from cinekit.app import main

sys.exit(main())
