"""The commands of ``python -m autofx_core``."""
