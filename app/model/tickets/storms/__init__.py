"""What is told of mails that programs write: slow storms."""
