"""The services of the local AWS, and what they share: a request's way, its checks, the clock."""
