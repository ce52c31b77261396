"""Serves the whole application under a sub-path of its host, such as ``https://host/test/``."""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


class SubPath:
    """A WSGI application under a sub-path, whether or not the proxy in front strips it.

    Parameters
    ----------
    app : WSGI application
    prefix : str
        Begins with ``/`` and does not end with it.
    """

    def __init__(self, app: WSGIApplication, prefix: str) -> None:
        self.app = app
        self.prefix = prefix

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Move the sub-path from the request's path to where addresses are built from."""
        path = environ.get("PATH_INFO", "")
        if path == self.prefix:
            start_response("308 Permanent Redirect", [("Location", f"{self.prefix}/")])
            return []
        environ["PATH_INFO"] = path.removeprefix(self.prefix) if self._is_below(path) else path
        environ["SCRIPT_NAME"] = self.prefix
        return self.app(environ, start_response)

    def _is_below(self, path: str) -> bool:
        return path.startswith(f"{self.prefix}/")
