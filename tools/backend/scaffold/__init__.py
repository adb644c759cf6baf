"""Makes and removes functions of one's own."""
