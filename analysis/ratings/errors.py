"""The error of input that cannot be analysed; apart, so that a command has it before pandas."""


class RatingsError(ValueError):
    """Ratings that cannot be analysed; one line: the place, and how to fix it."""
