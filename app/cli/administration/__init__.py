"""Commands on what the tracker holds."""
