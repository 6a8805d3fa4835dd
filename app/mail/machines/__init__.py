"""What programs send in place of people: their words, clicks and refusals."""
