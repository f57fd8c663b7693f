"""Establishments of the whole country: read, imported, found."""
