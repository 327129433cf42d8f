"""`python -m archfit`."""

import sys

from archfit.cli.main import main

sys.exit(main())
