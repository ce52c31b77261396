"""The experimenters' password: kept as a salted scrypt hash, by werkzeug."""

from werkzeug.security import check_password_hash, generate_password_hash

MIN_LENGTH = 10


class PasswordError(ValueError):
    """A password that must not be used; one line."""


def hash_password(password: str) -> str:
    """Hash a new password.

    Raises
    ------
    PasswordError
        If it is short or one character over and over.
    """
    if len(password) < MIN_LENGTH or len(set(password)) < MIN_LENGTH // 2:
        raise PasswordError(f"the password must have at least {MIN_LENGTH} characters, well mixed")
    return generate_password_hash(password)


def password_matches(password: str, password_hash: str) -> bool:
    """Check a password against its hash."""
    return check_password_hash(password_hash, password)
