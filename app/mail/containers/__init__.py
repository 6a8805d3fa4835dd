"""What other programs wrap around a mail's words and files: read out of bytes, each kind in its file."""
