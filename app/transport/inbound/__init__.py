"""Mail coming in: receiver, SMTP session, replies."""
