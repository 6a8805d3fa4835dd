"""This package holds the way of old mail into the tracker and out of it: boxes, threads, imports, exports."""
