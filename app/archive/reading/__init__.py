"""Boxes of old mail, read one mail at a time."""
