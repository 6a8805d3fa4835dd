"""This package holds the way of old mail into the tracker: boxes are read, threads gathered, tickets posted, and written again."""
