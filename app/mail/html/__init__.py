"""HTML mails as text."""
