"""Where evaluations are kept: the promises in `interface.py`, a module for each store."""
