"""The import of old mail: group, order, post."""
