"""What a mail belongs to: the ticket, the message or letter that it answers, and whether it came before."""
