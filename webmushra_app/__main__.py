"""Command line of the listening test: serve, export, simulate, back up, restore, examine."""

import sys
from pathlib import Path

import click
from sqlalchemy.exc import DBAPIError
from tqdm import tqdm

from stimuli_gen.manifest import ManifestError, read_manifest
from webmushra_app import USER_ERRORS, create_app
from webmushra_app.admin.password import PasswordError, hash_password
from webmushra_app.config import DEFAULT_DATABASE_URL, home_config, keep_password_hash
from webmushra_app.database import maintenance
from webmushra_app.database.connection import Database, open_existing
from webmushra_app.results.export import export
from webmushra_app.server import ServeError, address_of, listen, serve
from webmushra_app.simulate import SimulationError, count_trials, simulate_listeners

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
    """Turns the errors that users can fix into one line and exit status 1."""

    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except (*USER_ERRORS, ManifestError, ServeError, SimulationError) as error:
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
@click.option(
    "--public", is_flag=True, help="Let other machines reach it with no proxy in front: in a lab."
)
@click.pass_context
def main(
    context: click.Context,
    study: Path | None,
    database_url: str,
    host: str,
    port: int,
    public: bool,
) -> None:
    """Run the listening test on this machine until Ctrl-C."""
    if context.invoked_subcommand:
        return
    taken = listen(host, port, public=public)
    address = address_of(taken)
    app = create_app(home_config(database_url=database_url, study=study))
    serve(app, taken, when_ready=lambda: _announce(address, Database(database_url)))


@main.command(
    "export",
    epilog="Example: python -m webmushra_app export -o autofx-data/export",
)
@database_option
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR/",
    required=True,
    help="Folder to write ratings.csv, participants.csv, events.csv, mushra.csv, … into.",
)
def export_command(database_url: str, folder: Path) -> None:
    """Write ratings, participants and events as CSV, as JSON, and as webMUSHRA does."""
    for name, count in export(open_existing(database_url), folder).items():
        click.echo(f"{folder / name}: {count} rows")


@main.command(
    "admin-password",
    epilog="Example: python -m webmushra_app admin-password",
)
@click.password_option(help="Asked for where it isn't given.")
@click.option(
    "--print", "only_print", is_flag=True, help="Print the hash for AUTOFX_ADMIN_PASSWORD_HASH."
)
def admin_password_command(password: str, only_print: bool) -> None:
    """Set the password of the experimenters' pages under /admin."""
    try:
        password_hash = hash_password(password)
    except PasswordError as error:
        raise click.BadParameter(str(error), param_hint="--password") from None
    if only_print:
        click.echo(f"AUTOFX_ADMIN_PASSWORD_HASH='{password_hash}'")
    else:
        click.echo(f"{keep_password_hash(password_hash)}: holds it as a hash; restart the server")


@main.command(
    "simulate",
    epilog="Example: python -m webmushra_app simulate --study autofx-data/demo-set --listeners 12",
)
@click.option("--url", default="http://127.0.0.1:8000", show_default=True, help="Of the test.")
@click.option(
    "--study",
    type=click.Path(path_type=Path),
    metavar="SET/",
    envvar="AUTOFX_STUDY",
    required=True,
    help="The stimulus set that the test was opened with.",
)
@click.option("--listeners", type=click.IntRange(1, 1000), default=12, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="Of the listeners' scores.")
def simulate_command(url: str, study: Path, listeners: int, seed: int) -> None:
    """Have simulated listeners take a running test; they are marked as simulated."""
    manifest = read_manifest(study)
    with tqdm(total=listeners * count_trials(url), unit="trial", desc="Simulated listeners") as bar:
        simulate_listeners(url, manifest, n_listeners=listeners, seed=seed, on_trial=bar.update)


backup_argument = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@main.command("backup", epilog="Example: python -m webmushra_app backup ratings-2026-01-31.sqlite3")
@database_option
@backup_argument
def backup_command(database_url: str, file: Path) -> None:
    """Write the database's present state into FILE; the test may be running."""
    database = open_existing(database_url)
    maintenance.back_up(database, file)
    maintenance.note_backup(database, file)
    click.echo(f"{file}: backup of {maintenance.describe(database)}")


@main.command(
    "restore",
    epilog="Example: python -m webmushra_app restore ratings-2026-01-31.sqlite3 "
    "--database sqlite:///restored.sqlite3",
)
@database_option
@backup_argument
def restore_command(database_url: str, file: Path) -> None:
    """Make a new database from the backup FILE."""
    maintenance.restore(Database(database_url), file)
    click.echo(f"restored {maintenance.describe(open_existing(database_url))}")


@main.command("doctor", epilog="Example: python -m webmushra_app doctor")
@database_option
def doctor_command(database_url: str) -> None:
    """Look for damage, lost rows, and sounds that are gone or changed."""
    database = open_existing(database_url)
    problems = list(maintenance.examine(database))
    for problem in problems:
        click.echo(problem)
    if problems:
        raise click.ClickException(f"{database}: {len(problems)} things are wrong")
    click.echo(f"{maintenance.describe(database)}: all is well")


def _announce(address: str, database: Database) -> None:
    click.echo(f"Listening test: {address}\nRatings: {database}\nCtrl-C ends it.")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
