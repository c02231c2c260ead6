"""The entry by arguments: one file a group of commands."""
