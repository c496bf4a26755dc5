import pytest

from bot.errors import UsageError
from bot.journal.times import minute_end, new_york, parse_time
from bot.units import MINUTE_NS

OCTOBER = 1_759_416_060_000_000_000  # 14:41 UTC, daylight saving in New York
DECEMBER = 1_764_690_060_000_000_000  # 15:41 UTC, standard time


@pytest.mark.parametrize(
    ("text", "ts_ns"),
    [
        ("2025-10-02 10:41", OCTOBER),
        ("2025-10-02T10:41", OCTOBER),
        ("2025-10-02T14:41Z", OCTOBER),
        ("2025-10-02 16:41+02:00", OCTOBER),
        ("2025-10-02 10:41:00.000001", OCTOBER + 1000),
        ("2025-12-02 10:41", DECEMBER),
    ],
)
def test_a_time_is_new_york_unless_it_has_an_offset(text, ts_ns):
    assert parse_time(text) == ts_ns


@pytest.mark.parametrize("text", ["yesterday", "2025-13-01 10:00", "", "2025-10-02"])
def test_what_is_no_bar_gets_a_sentence_with_an_example(text):
    with pytest.raises(UsageError, match="10:41"):
        parse_time(text)


@pytest.mark.parametrize(
    ("ts_ns", "text"),
    [
        (OCTOBER, "2025-10-02 10:41"),
        (DECEMBER, "2025-12-02 10:41"),
        (OCTOBER + 5_000_000_000, "2025-10-02 10:41:05"),
        (OCTOBER + 5_250_000_000, "2025-10-02 10:41:05.250"),
        (0, "before the first bar"),
    ],
)
def test_times_are_shown_in_new_york(ts_ns, text):
    assert new_york(ts_ns) == text


def test_a_minute_ends_with_the_close_of_its_bar():
    assert [minute_end(OCTOBER + ns) for ns in (1 - MINUTE_NS, 0, 1)] == [OCTOBER, OCTOBER, OCTOBER + MINUTE_NS]
