"""AWS on this machine: what the two stories call, and nothing else. See docs/local.md."""
