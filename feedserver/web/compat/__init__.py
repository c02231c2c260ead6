"""APIs of others, as guests: each a package of its own that touches nothing but the services."""
