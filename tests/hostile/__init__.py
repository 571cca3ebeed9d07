"""Hostile and mistaken rule files and events, and what must be said of each."""
