"""The console script: `feedserver`, also as `python -m feedserver`."""

import gc
import sys

from feedserver.cli.main import run


def main() -> None:
    """Run the command that the arguments name, and exit with its code."""
    code = run(sys.argv[1:])
    # The interpreter would look for garbage in all that is alive, a tenth of a short command.
    gc.freeze()
    sys.exit(code)


if __name__ == "__main__":
    main()
