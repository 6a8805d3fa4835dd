"""The erasure of a person or a ticket."""
