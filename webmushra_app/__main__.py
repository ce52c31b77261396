"""Command line of the listening test: serve it, export its ratings, simulate listeners."""

import sys
from pathlib import Path

import click
from sqlalchemy.exc import DBAPIError

from stimuli_gen.manifest import ManifestError
from webmushra_app import create_app
from webmushra_app.config import DEFAULT_DATABASE_URL, ConfigError, home_config
from webmushra_app.db import Database, DatabaseError
from webmushra_app.listening_test import ListeningTestError
from webmushra_app.serve import ServeError, address_of, listen, serve
from webmushra_app.study import StudyError

USER_ERRORS = (
    ConfigError,
    DatabaseError,
    ListeningTestError,
    ManifestError,
    ServeError,
    StudyError,
)

database_option = click.option(
    "--database",
    "database_url",
    metavar="URL",
    envvar="AUTOFX_DATABASE_URL",
    default=DEFAULT_DATABASE_URL,
    show_default=True,
    help="Where the ratings are: sqlite:///FILE or postgresql://USER@HOST/NAME.",
)


class _Group(click.Group):
    """Turns the errors that users can mend into one line and exit status 1."""

    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except USER_ERRORS as error:
            raise click.ClickException(str(error)) from None
        except DBAPIError as error:
            raise click.ClickException(str(error.orig).partition("\n")[0]) from None


@click.group(
    cls=_Group,
    invoke_without_command=True,
    epilog="Example: python -m webmushra_app --study autofx-data/demo-set --port 8000",
)
@click.option(
    "--study",
    type=click.Path(path_type=Path),
    metavar="SET/",
    envvar="AUTOFX_STUDY",
    help="Stimulus set to open; by default the one that the database was last opened with.",
)
@database_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="Port to listen on; 0 takes a free one.",
)
@click.pass_context
def main(
    context: click.Context, study: Path | None, database_url: str, host: str, port: int
) -> None:
    """Run the listening test on this machine until Ctrl-C."""
    if context.invoked_subcommand:
        return
    taken = listen(host, port)
    address = address_of(taken)
    app = create_app(home_config(database_url=database_url, study=study))
    serve(app, taken, when_ready=lambda: _announce(address, Database(database_url)))


def _announce(address: str, database: Database) -> None:
    click.echo(f"Listening test: {address}\nRatings: {database}\nCtrl-C ends it.")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
