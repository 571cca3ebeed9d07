"""How rarely Python looks for garbage in cycles, of which there is little."""

import gc


def look_rarely() -> None:
    """For all commands: trees of millions of nodes are built and dropped, and looking would take half of the time."""
    gc.set_threshold(100_000, 50, 100)


def spare() -> None:
    """For a process that answers calls: what has been loaded stays for good."""
    look_rarely()
    gc.collect()
    gc.freeze()
