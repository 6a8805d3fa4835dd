"""What a monitor reads of a running server."""
