"""What the log holds and what is read from it: frozen data and pure functions."""
