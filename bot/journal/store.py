"""The journal: one append-only SQLite file that holds every decision, chained by hash.

What it promises: a record once written stays as it is (triggers refuse UPDATE, DELETE and
REPLACE); `write_ahead` returns only when its record and all before it are on the disk;
a process killed anywhere leaves a whole prefix of the run; equal runs have equal heads;
`verify` (verify.py) finds any change of what is chained. The journal of an account has a
latch beside it (latch.py), which keeps the kill switch's state when the disk is full, and
from which a cut before the last kill or operator record is known.

What it does not promise: it is no defence against somebody who recomputes the whole chain
or cuts records and their links off the end together, unless the head was noted elsewhere;
wall times and run headers are outside the chain, so a change of them is not found; what
follows the last intent, kill or operator record of an open minute is chained only when the
minute ends; two processes must not write to one journal (the second is stopped by a
sentence, not kept waiting).
"""

# long because: all that is written to a journal goes through one class, and a run's beginning and end belong to it

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Self

import msgspec

from bot import __version__
from bot.contracts.models import Contracts
from bot.errors import JournalError
from bot.journal import chain, schema
from bot.journal.columns import Columns
from bot.journal.file import JournalFile
from bot.journal.kill_state import latch_of, require_link
from bot.journal.latch import Latch, latch_path, read_latch
from bot.journal.packs import PACKED, WHOLE, Pack, Packer
from bot.journal.records import ContractsRecord, KillRecord, Kind, OperatorRecord
from bot.journal.run_end import END
from bot.journal.stored_run import StoredRun
from bot.journal.times import minute_end
from bot.journal.verify import verify
from bot.own_files import require_ours

_LAST_LINK = "SELECT link, ts_ns, last_seq, head FROM links ORDER BY link DESC LIMIT 1"
_UNLINKED = (
    f"SELECT seq, ts_ns, kind, strategy, sha256, CAST(body AS BLOB) FROM {WHOLE} JOIN contract_sets USING (contract_set) "
    "WHERE seq > ? ORDER BY seq"
)
_NEWEST_CONTRACTS = "SELECT sha256 FROM records JOIN contract_sets USING (contract_set) ORDER BY seq DESC LIMIT 1"


class Journal:
    """A journal open for writing; made by `Journal.create` or `Journal.append`. Not for use by more than one thread.

    Market times are UTC nanoseconds. A record made before the first bar has time 0.
    """

    def __init__(self, file: JournalFile, clock_wall: Callable[[], int], flush_every_links: int) -> None:
        self.path = file.path
        self._file, self._db = file, file.db
        self._latch: Latch | None = None
        self._wall = clock_wall
        self._flush_every_links = flush_every_links
        self._stored: StoredRun | None = None
        self._header = ""  # of this run; goes with the first transaction, a resumed run's when it has made again what is stored
        self._contract_hash = ""
        self._contract_set = 0
        self._prefixes: dict[tuple[str, str | None], tuple[bytes, str]] = {}
        self._seq = self._newest_ns = self._link = 0
        self._head = chain.GENESIS
        self._lines: list[bytes] = []
        self._records: list[tuple[Any, ...]] = []
        self._packer, self._packed = Packer(), frozenset[Kind]()  # a file of the first schema has no packs
        self._first_body, self._bodies = 0, list[bytes]()  # of the next pack
        self._packs: list[Pack] = []
        self._columns: Columns | None = None  # a file of an earlier schema has none
        self._links: list[tuple[int, int, int, str]] = []

    @classmethod
    def create(
        cls,
        path: str | Path,
        mode: str,
        contracts: Contracts,
        header: Mapping[str, Any],
        clock_wall: Callable[[], int],
        *,
        resume: bool = False,
        flush_every_links: int = 1,
    ) -> Self:
        """A new journal, opened with a RUN header (outside the chain) and a CONTRACTS record (link 1).

        `header` is JSON-able: paths, versions, options; `mode` and mesbot's version are added
        to it. `clock_wall` gives UTC ns. With `resume` an existing file is verified, and the
        run must make again, from its first record, what is stored there before it may append;
        its header is written when it has. A file that does not exist is simply made. Links are written to the disk's cache in
        transactions of `flush_every_links` (a killed process loses at most those since the
        last one or the last `write_ahead`).

        Raises JournalError if the file exists and `resume` is not set, or cannot be written;
        JournalBroken if the file to resume is damaged or was made under other contracts.
        """
        path = Path(path)
        if path.exists() and not resume:
            raise JournalError(f"{path} exists already and a journal is never overwritten; name another file, or resume it.")
        return cls._open(path, clock_wall, flush_every_links, lambda journal: journal._start(mode, contracts, header))

    @classmethod
    def append(
        cls,
        path: str | Path,
        mode: str,
        contracts: Contracts,
        header: Mapping[str, Any],
        clock_wall: Callable[[], int],
        *,
        same_law: bool = False,
    ) -> Self:
        """Go on with the journal of earlier runs, or begin it: what a live run writes to.

        The chain is verified and continued; records of a minute that an earlier process left without
        its link get one, as they stand. Contracts that have changed are recorded anew, and a kill that
        only the latch knows. The latch is made if it is missing. `header` (with the `account`) and
        `clock_wall` are as in `create`. `same_law`: the contracts of the newest record stay, readable or not.

        Raises JournalError if file or latch cannot be written, JournalBroken if the file is damaged or
        is not the one that its latch belongs to.
        """
        path = Path(path)
        return cls._open(path, clock_wall, 1, lambda journal: journal._continue(mode, contracts, header, same_law))

    @classmethod
    def _open(cls, path: Path, clock_wall: Callable[[], int], flush_every_links: int, begin: Callable[[Self], None]) -> Self:
        try:
            with ExitStack() as undo:
                file = undo.enter_context(closing(JournalFile(path)))
                journal = cls(file, clock_wall, flush_every_links)
                begin(journal)
                undo.pop_all()
        except (sqlite3.Error, OSError) as error:
            raise JournalError(f"{path} cannot be written as a journal: {error}.") from error
        return journal

    def add(self, kind: Kind, ts_ns: int, body: msgspec.Struct, strategy: str | None = None) -> int:
        """Record `body` at market time `ts_ns` in the link that is open; returns its sequence (1, 2, …).

        An intent, kill or operator record ends its link. It reaches the file with the next flush. nan is written as null.
        While a resumed run makes again what is stored: raises JournalBroken if the stored record differs, and writes nothing.
        """
        body, text = chain.encoded(body)
        try:
            prefix, name = self._prefixes[kind, strategy]
        except KeyError:
            name, strategy = str(kind), chain.readable(strategy)
            prefix = chain.line_prefix(name, self._contract_hash, strategy)
            self._prefixes[kind, strategy] = prefix, name
        self._seq = seq = self._seq + 1
        self._lines.append(chain.line(prefix, ts_ns, text))
        if self._stored is None or not self._stored.matches(seq, ts_ns, name, strategy, self._contract_hash, text):
            if kind in self._packed:
                if not self._bodies:
                    self._first_body = seq
                self._bodies.append(text)
                beside = None
            else:
                if self._bodies:
                    self._bodies.append(b"")
                beside = text.decode()
            plain = () if self._columns is None else self._columns.of(kind, seq, body, text)
            self._records.append((seq, ts_ns, self._wall(), name, strategy, self._contract_set, beside, *plain))
        if ts_ns > self._newest_ns:
            self._newest_ns = ts_ns
        if kind in chain.ENDS_LINK:
            self.close_link(minute_end(self._newest_ns), flush=False)
            if self._latch is not None and isinstance(body, KillRecord | OperatorRecord):
                self._latch.tell(body, self._link, self.head)
        return seq

    def write_ahead(self, kind: Kind, ts_ns: int, body: msgspec.Struct, strategy: str | None = None) -> int:
        """Like `add`, but the record and all before it are durable (fsync) when this returns."""
        seq = self.add(kind, ts_ns, body, strategy)
        self.flush(durable=True)
        return seq

    def close_link(self, ts_ns: int, *, flush: bool = True) -> None:
        """End a bar, as a rule: the records since the last link become the next link of the chain. Nothing if there are none.

        Without `flush` the link goes with the next transaction, which follows at once.
        """
        if not self._lines:
            return
        self._head = chain.link_head(self._head, self._lines, ts_ns)
        self._lines.clear()
        self._link += 1
        link = (self._link, ts_ns, self._seq, self._head.hex())
        if self._stored is not None:
            stored = self._stored.matches_link(*link)
            if self._stored.exhausted:
                self._end_comparing()
            if stored:
                return
        self._links.append(link)
        if flush and len(self._links) >= self._flush_every_links:
            self.flush()

    def reserve(self) -> None:
        """Give the write-ahead log its final size now. Raises JournalError if the disk is full."""
        self.flush()
        self._file.reserve()

    def flush(self, *, durable: bool = False, hurried: bool = False) -> None:
        """Commit all that is buffered in one transaction; with `durable` it survives a power cut too.

        A kill is in the latch before that, and its link after. `hurried` does not wait for another process that holds the file.
        Raises JournalError if journal or latch cannot be written: what is buffered is kept, in its order, for the next flush.
        """
        if self._latch is None or not self._latch.behind:
            self._commit(durable, hurried)
            return
        try:
            self._latch.before()
        finally:
            self._commit(True, hurried)
            self._latch.after()

    def _commit(self, durable: bool, hurried: bool) -> None:
        headers = [(self._wall(), self._header)] if self._header and self._stored is None else []
        if not (self._records or self._links or headers):
            return
        if self._bodies:
            self._packs.append(self._packer.pack(self._first_body, self._bodies))
            self._bodies.clear()
        plain = {} if self._columns is None else self._columns.rows
        self._file.commit(self._records, self._packs, plain, self._links, headers, durable=durable, hurried=hurried)
        self._records.clear()
        self._packs.clear()
        for rows in plain.values():
            rows.clear()
        self._links.clear()
        self._header = "" if headers else self._header

    @property
    def head(self) -> str:
        """The chain's head after the last closed link, hex: the identity of the run so far."""
        return self._head.hex()

    def end(self, said: Mapping[str, Any]) -> None:
        """The run came to its end, and says so (outside the chain): one that does not was interrupted. `said` is JSON-able."""
        self.flush()
        if self._stored is None or self._stored.exhausted:
            self._header = chain.encode({END: dict(said)}).decode()
            self._end_comparing()
            self.flush()

    def close(self) -> None:
        """Flush what is buffered and close the file. Records without a link stay without one.

        A journal that nobody else has open is left as one file, without its write-ahead log.
        """
        try:
            self.flush()
        finally:
            self._end_comparing()
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self, mode: str, contracts: Contracts, header: Mapping[str, Any]) -> None:
        new = schema.is_empty(self._db)
        if new:
            schema.install(self._db)
        else:
            verify(self.path)
            self._require_newest_schema()
        self._settle()
        self._stored = None if new else StoredRun(self.path)
        # First, so that a file made under other contracts is refused before anything is written to it.
        self._adopt(contracts, 0)
        self._header = _run_header(mode, header)
        self.close_link(0)
        self.flush()

    def _settle(self) -> None:
        self._file.settle()
        if schema.version_of(self._db) >= schema.FIRST_WITH_PACKS:
            self._packed = PACKED
        if schema.version_of(self._db) >= schema.FIRST_WITH_COLUMNS:
            self._columns = Columns(self._db)

    def _require_newest_schema(self) -> None:
        """A run is one program's, and so is its file."""
        if (version := schema.version_of(self._db)) != schema.SCHEMA_VERSION:
            raise JournalError(
                f"{self.path} was begun by an earlier version of mesbot (schema {version}, now {schema.SCHEMA_VERSION}); it can be read, "
                "but not resumed: begin the run anew, or resume it with the version that began it."
            )

    def _continue(self, mode: str, contracts: Contracts, header: Mapping[str, Any], same_law: bool) -> None:
        require_ours(latch_path(self.path))
        said = read_latch(self.path)
        require_link(self.path, self._db, said)
        if schema.is_empty(self._db):
            schema.install(self._db)
        verify(self.path)
        self._settle()
        self._link, last_ns, self._seq, head = self._db.execute(_LAST_LINK).fetchone() or (0, 0, 0, self.head)
        self._head = bytes.fromhex(head)
        for seq, ts_ns, kind, strategy, sha256, body in self._db.execute(_UNLINKED, (self._seq,)).fetchall():
            self._lines.append(chain.line(chain.line_prefix(kind, sha256, strategy), ts_ns, body))
            self._seq, last_ns = seq, max(last_ns, ts_ns)
        self.close_link(last_ns)
        (newest,) = self._db.execute(_NEWEST_CONTRACTS).fetchone() or ("",)
        self._contract_hash = newest
        if newest and same_law:
            (self._contract_set,) = self._db.execute("SELECT contract_set FROM records ORDER BY seq DESC LIMIT 1").fetchone()
        else:
            self._adopt(contracts, last_ns, newest=newest)
        self._header = _run_header(mode, header)
        self.close_link(last_ns)
        self.flush()
        self._latch, missing = latch_of(self.path, self._db, said)
        if missing is not None:
            self.add(Kind.KILL, last_ns, missing)
            self.flush()

    def _adopt(self, contracts: Contracts, ts_ns: int, newest: str = "") -> None:
        """Records are made under these contracts from now on; said by a record unless the `newest` one says it already."""
        self._contract_hash = contracts.sha256
        known = dict(self._db.execute("SELECT sha256, contract_set FROM contract_sets"))
        self._contract_set = known.get(contracts.sha256, len(known) + 1)
        if newest != contracts.sha256:
            self.add(Kind.CONTRACTS, ts_ns, ContractsRecord(contracts.sha256, contracts.values()))
        if contracts.sha256 not in known:
            self._db.execute("INSERT INTO contract_sets VALUES (?, ?)", (self._contract_set, contracts.sha256))

    def _end_comparing(self) -> None:
        if self._stored is not None:
            self._stored.close()
            self._stored = None


def _run_header(mode: str, header: Mapping[str, Any]) -> str:
    return chain.encode({**header, "mode": mode, "mesbot_version": __version__}).decode()
