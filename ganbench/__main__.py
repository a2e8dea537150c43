"""`python -m ganbench` is the command `ganbench`."""

import sys

from ganbench.cli import main

sys.exit(main())
