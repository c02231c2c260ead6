"""From the bytes that somebody sends to drafts; pure, one file a dialect."""
