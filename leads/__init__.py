"""The people, and what staff do with them."""
