"""GitHub's artifact service (v4) on the loopback address, for workflows that run on this machine.

It has the twirp calls and the part of Azure's blob interface that @actions/artifact 6.2 uses (read in its source), and
refuses what the real one would: another run's token or ids, a wrong size or hash, a block that was never sent.
"""
