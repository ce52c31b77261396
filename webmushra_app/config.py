"""Settings of the server, from ``AUTOFX_*`` environment variables or from the command line."""

import ipaddress
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DATA = Path("autofx-data")
DEFAULT_DATABASE_URL = f"sqlite:///{DATA}/ratings.sqlite3"
SECRET_FILE = DATA / "secret-key"
PASSWORD_FILE = DATA / "admin-password-hash"
MIN_SECRET_LENGTH = 32
POSTS_PER_HOUR = 1200


class ConfigError(RuntimeError):
    """A setting that is missing or wrong; one line naming the variable and how to fix it."""


@dataclass(frozen=True)
class Config:
    """The server's settings.

    Attributes
    ----------
    database_url : str
        Where ratings go (``AUTOFX_DATABASE_URL``).
    study : Path or None
        Folder of the stimulus set to open (``AUTOFX_STUDY``); None takes the database's newest.
    secret_key : str
        At least 32 characters (``AUTOFX_SECRET_KEY``); keys the pseudonyms of addresses in logs.
    requests_per_minute : int
        Limit for each address (``AUTOFX_REQUESTS_PER_MINUTE``); 0 for none.
    sessions_per_hour : int
        Sessions that one address may begin (``AUTOFX_SESSIONS_PER_HOUR``); 0 for none.
    posts_per_hour : int
        Results of webMUSHRA's pages taken from all addresses (``AUTOFX_POSTS_PER_HOUR``), and a
        tenth of it from one; 0 for none.
    proxies : int
        Trusted reverse proxies in front (``AUTOFX_PROXIES``); 0 ignores forwarding headers.
    log_format : str
        ``json`` for a line a request, ``text`` for warnings only (``AUTOFX_LOG_FORMAT``).
    reopen_study : bool
        Whether participants hear ``study`` from now on, even if it was closed or another one opened
        since it was imported. In production such choices outlast a restart.
    admin_password_hash : str
        Of the experimenters' password (``AUTOFX_ADMIN_PASSWORD_HASH``); empty closes their pages.
    data : Path
        Folder of stimulus sets to choose from, and of reports (``AUTOFX_DATA``).
    prefix : str
        Sub-path of the host under which everything is found, such as ``/test``
        (``AUTOFX_PREFIX``); empty for the whole host.
    frame_ancestors : tuple of str
        Sites that may show the participants' pages in a frame, such as
        ``https://survey.example.org`` (``AUTOFX_FRAME_ANCESTORS``, separated by spaces).
    """

    database_url: str
    study: Path | None
    secret_key: str
    requests_per_minute: int = 0
    sessions_per_hour: int = 0
    posts_per_hour: int = 0
    proxies: int = 0
    log_format: str = "text"
    reopen_study: bool = False
    admin_password_hash: str = ""
    data: Path = DATA
    prefix: str = ""
    frame_ancestors: tuple[str, ...] = ()


def production_config(environment: Mapping[str, str] = os.environ) -> Config:
    """Read the settings of a production server; nothing secret has a default.

    Raises
    ------
    ConfigError
        If the secret is missing, short or repetitive, or a number is none.
    """
    study = environment.get("AUTOFX_STUDY")
    return Config(
        database_url=environment.get("AUTOFX_DATABASE_URL", DEFAULT_DATABASE_URL),
        study=Path(study) if study else None,
        secret_key=_checked_secret(environment.get("AUTOFX_SECRET_KEY", "")),
        requests_per_minute=_number(environment, "AUTOFX_REQUESTS_PER_MINUTE", 3000),
        sessions_per_hour=_number(environment, "AUTOFX_SESSIONS_PER_HOUR", 120),
        posts_per_hour=_number(environment, "AUTOFX_POSTS_PER_HOUR", POSTS_PER_HOUR),
        proxies=_checked_proxies(environment),
        log_format=environment.get("AUTOFX_LOG_FORMAT", "json"),
        admin_password_hash=_checked_hash(environment.get("AUTOFX_ADMIN_PASSWORD_HASH", "")),
        data=Path(environment.get("AUTOFX_DATA", DATA)),
        prefix=_checked_prefix(environment.get("AUTOFX_PREFIX", "")),
        frame_ancestors=_checked_sites(environment.get("AUTOFX_FRAME_ANCESTORS", "")),
    )


def home_config(*, database_url: str, study: Path | None) -> Config:
    """Make the settings of a server on one's own machine, with a secret made at its first run.

    Raises
    ------
    ConfigError
        If the secret's file can be neither read nor written.
    """
    return Config(
        database_url=database_url,
        study=study,
        secret_key=_secret_of_this_machine(),
        posts_per_hour=POSTS_PER_HOUR,
        reopen_study=True,
        admin_password_hash=_password_hash_of_this_machine(),
        prefix=_checked_prefix(os.environ.get("AUTOFX_PREFIX", "")),
        frame_ancestors=_checked_sites(os.environ.get("AUTOFX_FRAME_ANCESTORS", "")),
    )


def keep_password_hash(password_hash: str) -> Path:
    """Keep the hash of the experimenters' password on one's own machine.

    Raises
    ------
    ConfigError
        If its file cannot be written.
    """
    try:
        PASSWORD_FILE.parent.mkdir(0o700, parents=True, exist_ok=True)
        PASSWORD_FILE.touch(mode=0o600)
        PASSWORD_FILE.write_text(password_hash)
    except OSError as error:
        raise ConfigError(
            f"{PASSWORD_FILE}: {error.strerror}; run this where files may be written"
        ) from None
    return PASSWORD_FILE


def _password_hash_of_this_machine() -> str:
    kept = os.environ.get("AUTOFX_ADMIN_PASSWORD_HASH", "")
    if not kept and PASSWORD_FILE.is_file():
        kept = PASSWORD_FILE.read_text().strip()
    return _checked_hash(kept)


def _checked_hash(password_hash: str) -> str:
    if password_hash and password_hash.count("$") != 2:
        raise ConfigError(
            "AUTOFX_ADMIN_PASSWORD_HASH is no password hash; make one with: "
            "python -m webmushra_app admin-password --print"
        )
    return password_hash


def _checked_prefix(prefix: str) -> str:
    if prefix and not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+", prefix):
        raise ConfigError(
            f"AUTOFX_PREFIX must begin with / and not end with it, as in /test, got {prefix!r}"
        )
    return prefix


def _checked_sites(sites: str) -> tuple[str, ...]:
    for site in sites.split():
        if not re.fullmatch(r"https?://[A-Za-z0-9.*-]+(:\d+)?", site):
            raise ConfigError(
                "AUTOFX_FRAME_ANCESTORS must be addresses of sites, as in "
                f"https://survey.example.org, separated by spaces, got {site!r}"
            )
    return tuple(sites.split())


def is_local(host: str) -> bool:
    """Whether only this machine reaches an address.

    >>> [is_local(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "192.0.2.1")]
    [True, True, True, False, False]
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _checked_proxies(environment: Mapping[str, str]) -> int:
    """Read how many proxies are in front; one is wanted where others reach the server."""
    proxies = _number(environment, "AUTOFX_PROXIES", 0)
    bind = environment.get("AUTOFX_BIND", "127.0.0.1")
    host = bind.rpartition(":")[0].strip("[]") or bind
    is_socket = bind.startswith(("unix:", "fd:"))
    if not (proxies or is_socket or is_local(host) or environment.get("AUTOFX_PUBLIC") == "1"):
        raise ConfigError(
            f"AUTOFX_BIND={bind} is open to other machines, whose slow connections can stop the "
            "server; put a proxy in front (AUTOFX_PROXIES=1), or allow it with AUTOFX_PUBLIC=1"
        )
    return proxies


def _checked_secret(secret: str) -> str:
    if len(secret) < MIN_SECRET_LENGTH or len(set(secret)) < MIN_SECRET_LENGTH // 4:
        raise ConfigError(
            f"AUTOFX_SECRET_KEY must be at least {MIN_SECRET_LENGTH} random characters; make one "
            "with: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )
    return secret


def _secret_of_this_machine() -> str:
    try:
        SECRET_FILE.parent.mkdir(0o700, parents=True, exist_ok=True)
        if not SECRET_FILE.exists():
            SECRET_FILE.touch(mode=0o600)
            SECRET_FILE.write_text(secrets.token_urlsafe(32))
        return _checked_secret(SECRET_FILE.read_text().strip())
    except OSError as error:
        raise ConfigError(
            f"{SECRET_FILE}: {error.strerror}; run this where files may be written"
        ) from None


def _number(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, str(default))
    if not text.isdecimal():
        raise ConfigError(f"{name} must be a whole number, got {text!r}")
    return int(text)
