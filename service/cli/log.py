"""Where the processes of a service log."""

import logging
import sys


def to_stderr(who: str = "") -> None:
    """Has everything logged to standard error, each line with who said it where there are several."""
    who = f"{who} " if who else ""
    form = f"%(asctime)s {who}%(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format=form, force=True)
