"""What is one mail, or one letter, too many."""
