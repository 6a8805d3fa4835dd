"""Commands that look at a tracker and say whether it works."""
