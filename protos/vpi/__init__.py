"""The generated Python side of the interface; `vpi.v1` is its first version."""
