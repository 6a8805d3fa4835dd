"""Settings, and how they become live objects."""
