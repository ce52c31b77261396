"""The recogniser of effects: what it learns from, the network, its training and its judgement."""
