"""A model hub on the loopback address that serves folders of weights, for tests of the real loading code.

It speaks what @huggingface/hub 2.17 asks for (read in its source): model info, file tree, paths info, and resolve with
large files behind a redirect to another origin, as the real hub's CDN is.
"""
