"""The views of the first two schemas of a journal, as they stand in files: never to be changed.

They take bodies apart. The second's ask a function for the packed ones, which only a connection of ours has (packs.py): in other tools
its `decisions`, `bars` and `skip_reasons` fail. The first's bodies are all text, and the views of its first files had no mark of a trade.
"""

from __future__ import annotations

from bot.journal.packs import whole_of
from bot.journal.records import Kind

_RARE = "kind NOT IN ('bar', 'decision')"
_DECISIONS, _BARS = whole_of(Kind.DECISION), whole_of(Kind.BAR)
VIEWS_2 = (
    f"""CREATE VIEW trades AS SELECT
  seq, ts_ns, strategy,
  json_extract(body, '$.trade_id') AS trade_id,
  json_extract(body, '$.trading_day') AS trading_day,
  json_extract(body, '$.side') AS side,
  json_extract(body, '$.quantity') AS quantity,
  json_extract(body, '$.decided_ns') AS decided_ns,
  json_extract(body, '$.opened_ns') AS opened_ns,
  json_extract(body, '$.closed_ns') AS closed_ns,
  json_extract(body, '$.entry_price') AS entry_price,
  json_extract(body, '$.exit_price') AS exit_price,
  json_extract(body, '$.exit_reason') AS exit_reason,
  json_extract(body, '$.gross_cents') AS gross_cents,
  json_extract(body, '$.net_cents') AS net_cents,
  json_extract(body, '$.risk_cents') AS risk_cents,
  json_extract(body, '$.r') AS r,
  json_extract(body, '$.budget_overrun') AS budget_overrun,
  json_extract(body, '$.mark') AS mark
FROM records WHERE kind = 'outcome' AND {_RARE} AND json_extract(body, '$.shadow') = 0""",
    """CREATE VIEW daily_pnl AS SELECT
  trading_day,
  count(*) AS trades,
  sum(gross_cents) AS gross_cents,
  sum(net_cents) AS net_cents,
  sum(r) AS r
FROM trades WHERE mark IS NOT 'VOID' GROUP BY trading_day""",
    f"""CREATE VIEW decisions AS SELECT
  seq, ts_ns, strategy,
  json_extract(body, '$.action') AS action,
  json_extract(body, '$.sentence') AS sentence,
  json_extract(body, '$.gate.code') AS code,
  json_extract(body, '$.gate.layer') AS layer,
  json_extract(body, '$.gate.observed') AS observed,
  json_extract(body, '$.gate.limit') AS "limit",
  json_extract(body, '$.plan.side') AS plan_side,
  json_extract(body, '$.euc.total') AS euc,
  json_extract(body, '$.dvs') AS dvs,
  json_extract(body, '$.eqs') AS eqs,
  json_extract(body, '$.smallest_change') AS smallest_change,
  json_extract(body, '$.trade_id') AS trade_id
FROM {_DECISIONS} WHERE kind = 'decision'""",
    f"""CREATE VIEW bars AS SELECT
  seq, ts_ns,
  json_extract(body, '$.open') AS open,
  json_extract(body, '$.high') AS high,
  json_extract(body, '$.low') AS low,
  json_extract(body, '$.close') AS close,
  json_extract(body, '$.volume') AS volume,
  json_extract(body, '$.rejected') AS rejected,
  json_extract(body, '$.regime') AS regime,
  json_extract(body, '$.dvs') AS dvs,
  json_extract(body, '$.eqs') AS eqs
FROM {_BARS} WHERE kind = 'bar'""",
    """CREATE VIEW skip_reasons AS SELECT
  strategy, layer, code, count(*) AS bars, sum(plan_side IS NOT NULL) AS plans
FROM decisions WHERE action IN ('SKIP', 'VETO') AND code IS NOT NULL
GROUP BY strategy, layer, code""",
    f"""CREATE VIEW strategy_states AS SELECT
  strategy, max(seq) AS seq, ts_ns,
  json_extract(body, '$.after') AS state,
  json_extract(body, '$.throttle_level') AS throttle_level,
  json_extract(body, '$.reason') AS reason,
  json_extract(body, '$.release') AS release
FROM records WHERE kind = 'state change' AND {_RARE} GROUP BY strategy""",
)
VIEWS_1 = tuple(view.replace(_DECISIONS, "records").replace(_BARS, "records") for view in VIEWS_2)
VIEWS_BEFORE_MARKS = tuple(
    view.replace(",\n  json_extract(body, '$.mark') AS mark", "").replace(" WHERE mark IS NOT 'VOID'", "") for view in VIEWS_1
)
