"""The Socialcast API, for clients of which nothing but the host name changes; see README.md."""
