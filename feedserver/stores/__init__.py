"""Where the log is kept; one contract, proven for every store by the same tests."""
