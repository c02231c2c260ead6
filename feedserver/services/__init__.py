"""What the server does: takes drafts in, follows the log, polls sources, reads feeds."""
