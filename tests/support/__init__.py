"""What several tests and benchmarks share: servers, listeners, data sets, simulated ratings."""
