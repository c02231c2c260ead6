"""feedserver beside its peers."""
