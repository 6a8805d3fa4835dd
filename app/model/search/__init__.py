"""The search: index, queries, snippets."""
