"""The accounts of staff: how they are invited, sign in, and are let in again."""
