"""Measurements of speed, memory and error rates, outside the test run.

Each is run from the repository's folder, as its docstring says.
"""
