"""Market data to subscribers: five-second bars, quotes, history that keeps up to date. Says nothing where a fault mutes it.

A quote follows each piece: bid and ask a spread apart around the piece's last price, sizes from the seed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from bot.gateway import messages
from bot.gateway.bridge import PIECE_NS
from bot.gateway.client import Client
from bot.gateway.messages import Candle
from bot.gateway.notation import zoned
from bot.gateway.subscriptions import Stream
from bot.gateway.tape import DAY_SECONDS, Tape, merged
from bot.units import SECOND_NS

LIVE, DELAYED = 1, 3
DELAYED_KINDS = {messages.BID: 66, messages.ASK: 67, messages.LAST: 68}


@dataclass
class DataFaults:
    """What of the market data is not sent, and the spread. Names in `muted`: bars, quotes, history."""

    muted: set[str] = field(default_factory=set)
    farm_down: bool = False
    history_farm_down: bool = False
    denied: dict[str, tuple[int, str]] = field(default_factory=dict)  # by kind (md, history, contracts): code and text of the refusal
    competing: bool = False
    liquid_hours: str = ""  # what contract details say of them; '': the calendar's
    contract_zone: str = ""  # in which a contract's last trade is written; '': the exchange's
    link_down: bool = False
    spread_ticks: int = 1

    def silent(self, kind: str) -> bool:
        """Whether a kind of data is not sent now."""
        return kind in self.muted or self.competing or self.link_down or (self.history_farm_down if kind == "history" else self.farm_down)


class Feed:
    """Sends each piece to the clients that want it."""

    def __init__(self, tape: Tape, sessions: list[Client]) -> None:
        self.tape = tape
        self.faults = DataFaults()
        self.sessions = sessions
        self.pieces = 0
        self.day_volume = 0
        self._forming: dict[tuple[int, int], Candle] = {}  # (client's number, request id) -> bar that keeps up to date

    def publish(self, piece: Candle) -> None:
        """A piece has ended: its bar, the quote after it, the history bars it grows."""
        self.pieces += 1
        self.day_volume += piece.volume
        for client in list(self.sessions):
            wanted = client.subscriptions
            for stream in self._each(wanted.bars, "bars", piece):
                client.send(messages.realtime_bar(stream.request_id, piece, stream.future.basis_ticks))
            for stream in self._each(wanted.quotes, "quotes", piece):
                self.send_quote(client, stream, piece)
            for stream in self._each(wanted.history, "history", piece):
                self._grow(client, stream, piece)

    def send_quote(self, client: Client, stream: Stream, piece: Candle) -> None:
        """Bid, ask, last and volume at the end of a piece."""
        bid, ask = self.quote(piece)
        basis, reference = stream.future.basis_ticks, stream.request_id
        sizes = 5 + piece.open_ns // SECOND_NS % 37, 5 + piece.open_ns // SECOND_NS % 31
        delayed = client.market_data_type == DELAYED
        for kind, price, size in ((messages.BID, bid, sizes[0]), (messages.ASK, ask, sizes[1]), (messages.LAST, piece.close, 1)):
            client.send(messages.tick_price(reference, DELAYED_KINDS[kind] if delayed else kind, price + basis, size))
        if not delayed:
            for kind, size in ((messages.BID_SIZE, sizes[0]), (messages.ASK_SIZE, sizes[1]), (messages.LAST_SIZE, 1)):
                client.send(messages.tick_size(reference, kind, size))
            client.send(messages.tick_size(reference, messages.VOLUME, self.day_volume))

    def quote(self, piece: Candle) -> tuple[int, int]:
        """Bid and ask in ticks: the last trade was at the ask if the piece rose, else at the bid."""
        if piece.close > piece.open:
            return piece.close - self.faults.spread_ticks, piece.close
        return piece.close, piece.close + self.faults.spread_ticks

    def start_growing(self, client: Client, stream: Stream, last: Candle | None) -> None:
        """A history stream begins; `last` is the bar it ended with, which may go on growing."""
        if last is not None:
            self._forming[client.number, stream.request_id] = last

    def _each(self, streams: dict[int, Stream], kind: str, piece: Candle) -> Iterator[Stream]:
        if streams and not self.faults.silent(kind):
            for stream in list(streams.values()):
                if not stream.use_rth or self.tape.in_rth(piece.open_ns):
                    yield stream

    def _grow(self, client: Client, stream: Stream, piece: Candle) -> None:
        key = (client.number, stream.request_id)
        opening = self.tape.bucket(piece.open_ns, stream.bar_seconds)
        before = self._forming.get(key)
        same = before if before is not None and before.open_ns == opening else None
        bar = self._forming[key] = merged(same, piece, opening)
        date = date_text(self.tape, bar.open_ns, stream.bar_seconds, stream.format_date)
        client.send(messages.historical_update(stream.request_id, date, bar, stream.future.basis_ticks))


def date_text(tape: Tape, open_ns: int, bar_seconds: int, format_date: int) -> str:
    """The date of a history bar: yyyymmdd for days, else epoch seconds (formatDate 2) or US/Central."""
    if bar_seconds == DAY_SECONDS:
        return tape.day_name(open_ns)
    return str(open_ns // SECOND_NS) if format_date == 2 else zoned(open_ns)


def end_of(piece: Candle) -> int:
    """When a piece ends, UTC ns."""
    return piece.open_ns + PIECE_NS
