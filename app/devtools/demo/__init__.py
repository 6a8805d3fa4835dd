"""The demonstration: the support tracker's own example, played."""
