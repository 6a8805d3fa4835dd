"""The doors: which address leads to which workflow function. Salmon loads these modules and routes mail to them."""
