"""Commands that run the tracker and look after it."""
