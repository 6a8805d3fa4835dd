"""Letters going out: courier, relays."""
