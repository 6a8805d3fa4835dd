"""Who is notified, and the text of each letter."""
