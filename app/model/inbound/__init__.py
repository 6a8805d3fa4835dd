"""The path of a mail: from a recipient address to an operation."""
