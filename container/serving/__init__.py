"""The HTTP server around the four handlers of inference.py. Knows nothing of audio."""
