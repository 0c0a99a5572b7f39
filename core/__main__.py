"""`python -m core ...`: the command line of the desk."""

from __future__ import annotations

import os
import sys

from core import logs
from core.cli import main

if __name__ == "__main__":
    logs.start(os.environ.get("RINGSIDE_LOG_FORMAT", "text"))
    sys.exit(main())
