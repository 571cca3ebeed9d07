"""Events in bulk: prepared once, then priced by any version of any rules, by SQL or event by event."""
