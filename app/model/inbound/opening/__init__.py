"""What mail does that belongs to no ticket yet: it opens one, or asks for a page."""
