"""What the headers of a part say of it, and how its bytes are encoded."""
