"""A mail on a ticket that is there: who wrote it, what it does, what its writer is told."""
