"""The pages, one module for each group of them; each module has one blueprint."""
