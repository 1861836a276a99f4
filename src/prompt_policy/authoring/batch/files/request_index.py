"""Find the request of an answer: by its ``custom_id``, or by its position for plain answers.

The index is a SQLite file on disk, so that a file of any number of requests needs the same memory.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, NamedTuple

from prompt_policy.authoring.batch.formats import InvalidLineError, parse_request_line
from prompt_policy.authoring.batch.lines import read_lines
from prompt_policy.authoring.batch.rewriter import LineRewriter
from prompt_policy.errors import UsageError

_SCHEMA = "CREATE TABLE requests (custom_id TEXT, position INTEGER, offset INTEGER, size INTEGER)"
_INDEXES = (
    "CREATE INDEX by_custom_id ON requests (custom_id)",
    "CREATE INDEX by_position ON requests (position)",
)


class RequestPlace(NamedTuple):
    """Where a request is in its file. ``position`` counts the requests that ``apply`` sends on, from 1; 0: refused."""

    custom_id: str | None
    position: int
    offset: int
    size: int


class RequestIndex:
    """The places of the requests of a file. May be pickled; each process opens the files for itself.

    Arguments:
        database: the index, written by ``build_index``.
        requests: the file with the requests.
    """

    def __init__(self, database: Path, requests: Path) -> None:
        self.database = database
        self.requests = requests
        self._connection: sqlite3.Connection | None = None
        self._file: BinaryIO | None = None

    def __reduce__(self) -> tuple[type[RequestIndex], tuple[Path, Path]]:
        """Pickle the paths; open files cannot be pickled."""
        return type(self), (self.database, self.requests)

    def find_by_custom_id(self, custom_id: str) -> list[bytes]:
        """Return the lines of the requests with an identifier: at most two, as two are already ambiguous."""
        return self._read("SELECT offset, size FROM requests WHERE custom_id = ? LIMIT 2", custom_id)

    def find_by_position(self, position: int) -> bytes | None:
        """Return the line of the n-th request that ``apply`` sends on, or None if there are fewer."""
        return next(iter(self._read("SELECT offset, size FROM requests WHERE position = ?", position)), None)

    def count(self) -> int:
        """Return the number of requests that ``apply`` sends on."""
        [(number,)] = self._connect().execute("SELECT count(*) FROM requests WHERE position > 0")
        return int(number)

    def close(self) -> None:
        """Close the files."""
        if self._connection is not None:
            self._connection.close()
        if self._file is not None:
            self._file.close()
        self._connection = self._file = None

    def _connect(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = sqlite3.connect(f"{self.database.as_uri()}?mode=ro", uri=True)
        return self._connection

    def _read(self, query: str, key: str | int) -> list[bytes]:
        if isinstance(key, str):
            key = _encode_key(key)
        if self._file is None:
            self._file = self.requests.open("rb")
        lines = []
        for offset, size in self._connect().execute(query, (key,)):
            self._file.seek(offset)
            lines.append(self._file.read(size))
        return lines


def build_index(requests: Path, database: Path, rewriter: LineRewriter) -> RequestIndex:
    """Write the index of a file with requests, and return it.

    Raise UsageError if the file cannot be read, or is not a regular file.
    """
    if requests.exists() and not requests.is_file():
        raise UsageError(f"{requests} is not a regular file; write the requests to one, because they are read twice")
    try:
        with closing(sqlite3.connect(database)) as connection, requests.open("rb") as stream:
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute(_SCHEMA)
            rows = _list_places(stream, str(requests), rewriter)
            connection.executemany("INSERT INTO requests VALUES (?, ?, ?, ?)", rows)
            for statement in _INDEXES:
                connection.execute(statement)
            connection.commit()
    except OSError as error:
        raise UsageError(f"{requests} cannot be read: {error.strerror}") from None
    except sqlite3.Error as error:
        raise UsageError(f"the index of {requests} cannot be written to {database.parent}: {error}") from None
    return RequestIndex(database, requests)


def _list_places(stream: BinaryIO, name: str, rewriter: LineRewriter) -> Iterator[RequestPlace]:
    """Yield the place of each request of a file; lines that are not requests have none."""
    position = 0
    for line in read_lines(stream, name):
        end = stream.tell()
        if not line.position:
            continue
        try:
            request = parse_request_line(line.data.strip(), rewriter.context.endpoint)
        except InvalidLineError:
            continue
        is_sent = rewriter.is_sent(request)
        position += is_sent
        custom_id = None if request.custom_id is None else _encode_key(request.custom_id)
        yield RequestPlace(custom_id, position if is_sent else 0, end - len(line.data), len(line.data))


def _encode_key(custom_id: str) -> str:
    """Return a key that SQLite accepts: it stores no lone surrogates."""
    return custom_id.encode("unicode_escape").decode() if not custom_id.isascii() or "\\" in custom_id else custom_id
