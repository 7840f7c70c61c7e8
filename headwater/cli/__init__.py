"""The command line: `headwater`, or `hw` for short. One verb a file, imported when it is used."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line (default: this process's own arguments) and return the exit code.

    0 done, 1 findings or a failed run, 2 wrong use, 3 store or integrity, 130 stopped by Ctrl-C.
    """
    try:
        from headwater.cli._app import run_app

        return run_app(arguments)
    except KeyboardInterrupt:  # while it was imported
        print("stopped", file=sys.stderr)
        return 130
