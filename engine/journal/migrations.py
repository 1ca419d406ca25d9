"""Alembic's part: from revision to revision, each in the caller's transaction.

Imported when a file needs it, which is rare: Alembic takes a tenth of a second to load. The scripts lie beside this
module, in `revisions/versions`.
"""

from __future__ import annotations

import threading
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

SCRIPTS = Path(__file__).parent / "revisions"
ONE_AT_A_TIME = threading.Lock()  # Alembic's context is one for the whole process


def upgrade(connection: Connection, revision: str, scripts: Path = SCRIPTS) -> None:
    """Bring the tables up to `revision`. Hold `ONE_AT_A_TIME`.

    Raises:
        alembic.util.CommandError: the file's revision is none that `scripts` know.
        sqlalchemy.exc.SQLAlchemyError: a statement failed; the caller's transaction undoes all of it.
    """
    command.upgrade(_config(connection, scripts), revision)


def downgrade(connection: Connection, revision: str, scripts: Path = SCRIPTS) -> None:
    """Take the tables back to `revision`, "base" = as a program of before Alembic knows them. Raises as `upgrade`."""
    command.downgrade(_config(connection, scripts), revision)


def known_revisions(scripts: Path = SCRIPTS) -> tuple[str, ...]:
    """Those of the scripts, oldest first."""
    found = ScriptDirectory(str(scripts)).walk_revisions()
    return tuple(reversed([script.revision for script in found]))


def _config(connection: Connection, scripts: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
