"""Salmon's handlers: which address leads to which operation. Salmon loads these modules and routes mail to them."""
