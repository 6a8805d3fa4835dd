"""The mapped classes, and what finds and makes their rows."""
