"""Letters that answer a request: help, a list of tickets, or a ticket."""
