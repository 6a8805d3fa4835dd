"""Foreign mail, read: bytes in, values out."""
