"""The use cases that mail and command line share."""
