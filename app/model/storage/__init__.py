"""The database: engine, unit of work, locks, base class."""
