"""Commands by which the tracker is set up: its configuration and its units."""
