"""Mail that is signed: which bytes a signature covers, and whether a key made it."""
