"""The shipped events that are written out by hand."""
