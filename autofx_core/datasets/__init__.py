"""Data sets to train and test networks on, made in shards."""
