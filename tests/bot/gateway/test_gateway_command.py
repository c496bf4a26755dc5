"""`mesbot gateway` and where its bars come from."""

from __future__ import annotations

import datetime as dt
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from builders import CONTRACTS
from click.testing import CliRunner

from bot.bars import Reading
from bot.calendar import new_york
from bot.cli.main import cli
from bot.errors import UsageError
from bot.gateway.source import file_config, synthetic_config
from bot.units import MINUTE_NS

MESBOT = [sys.executable, "-c", "from bot.cli.main import main; main()"]
ROOT = Path(__file__).resolve().parents[3]


def write_bars(path: Path, date: str, minutes: int = 420) -> Path:
    start = dt.datetime.fromisoformat(f"{date}T13:00:00+00:00")  # 09:00 New York
    rows = [f"{(start + dt.timedelta(minutes=k)).isoformat()},{6400 + k % 3},6403,6399,{6400.25 + k % 2},10" for k in range(minutes)]
    path.write_text("timestamp,open,high,low,close,volume\n" + "\n".join(rows) + "\n")
    return path


def test_a_synthetic_day_has_its_history_and_stands_before_the_open():
    config = synthetic_config(3, CONTRACTS, dt.date(2025, 10, 2))
    assert [f"{new_york(moment):%H:%M}" for moment in (config.start_ns, config.end_ns)] == ["09:25", "16:05"]
    assert len({new_york(bar.ts_ns).date() for bar in config.bars if bar.ts_ns <= config.start_ns}) >= 21
    assert config.bars[-1].ts_ns >= config.end_ns - 5 * MINUTE_NS
    assert config.bars == synthetic_config(3, CONTRACTS).bars


def test_a_file_is_replayed_on_its_last_session_or_the_one_asked_for(tmp_path):
    path = write_bars(tmp_path / "bars.csv", "2025-10-02")
    config = file_config(path, CONTRACTS, Reading("open", "UTC"))
    assert f"{new_york(config.start_ns):%Y-%m-%d %H:%M}" == "2025-10-02 09:25"
    with pytest.raises(UsageError, match="no whole regular session on 2025-10-03; there is one, on 2025-10-02"):
        file_config(path, CONTRACTS, Reading("open", "UTC"), dt.date(2025, 10, 3))


def test_a_date_without_a_session_is_one_sentence():
    with pytest.raises(UsageError, match="no whole regular session on 2025-10-04"):
        synthetic_config(1, CONTRACTS, dt.date(2025, 10, 4))


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--speed", "0"], "above 0"),
        (["--speed", "fast"], "or max"),
        (["--stamp", "open"], "--bars"),
        (["--bars", "nowhere.csv"], "no such file"),
        (["--date", "2025-10-04"], "no whole regular session"),
        (["--account", ""], "--account"),
        (["--account", "DU1,DU2"], "'DU1,DU2' is no account id"),
        (["--account", "DU1", "--account", "DU2", "--account", "DU1"], "DU1 is named twice"),
    ],
)
def test_what_cannot_be_served_is_said(words, part):
    result = CliRunner().invoke(cli, ["gateway", *words])
    assert result.exit_code == 2
    assert part in result.output


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("09:26 blah", "'blah' is no verb"),
        ("09:26 swallow nothing", "'nothing' is neither a message nor a request of this gateway"),
        ("09:26 hold-id soon", "`hold-id SECONDS`"),
        ("04:00 drop", "04:00 is outside the replay, which goes from 09:25 to 16:05 New York"),
        ("17:00 drop", "17:00 is outside the replay"),
    ],
)
def test_a_script_that_cannot_be_done_is_refused_with_file_and_line(tmp_path, line, part):
    script = tmp_path / "faults.txt"
    script.write_text(f"09:25:10 err 1100\n{line}\n")
    result = CliRunner().invoke(cli, ["gateway", "--script", str(script)])
    assert result.exit_code == 2
    said = " ".join(result.output.split())
    assert f"{script} line 2: " in said and part in said


def test_a_script_that_is_no_text_is_refused(tmp_path):
    script = tmp_path / "faults.txt"
    script.write_bytes(b"09:26 drop \xff\xfe")
    result = CliRunner().invoke(cli, ["gateway", "--script", str(script)])
    assert result.exit_code == 2 and f"--script {script} cannot be read" in " ".join(result.output.split())


def test_a_script_line_that_fails_when_it_runs_is_told_on_the_terminal(tmp_path):
    script = tmp_path / "faults.txt"
    script.write_text("09:25 go\n09:25 fill nosuch\n09:25:05 correct nosuch 6300\n09:25:05 restart 0s\n")
    with subprocess.Popen(
        [*MESBOT, "gateway", "--port", "0", "--side-port", "0", "--speed", "max", "--script", str(script)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None and process.stderr is not None
        lines = [process.stdout.readline() for _ in range(6)]
        side = socket.create_connection(("127.0.0.1", int(lines[1].split("127.0.0.1:")[1].split()[0])))
        side.sendall(b'{"do": "step 2"}\n')
        told = [process.stderr.readline() for _ in range(2)]
        side.close()
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0, process.stderr.read()
    assert told[0].startswith(f"{script} line 2: no order is called 'nosuch'") and told[1].startswith(f"{script} line 3: no execution")


def test_a_taken_port_is_said():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = CliRunner().invoke(cli, ["gateway", "--port", str(taken.getsockname()[1])])
    assert result.exit_code == 2
    assert "is taken" in result.output
    assert "--port" in result.output


def test_it_says_where_it_listens_and_stops_at_ctrl_c():
    with subprocess.Popen([*MESBOT, "gateway", "--port", "0", "--side-port", "0"], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(6)]
        port = int(lines[0].split("127.0.0.1:")[1].split()[0])
        socket.create_connection(("127.0.0.1", port)).close()
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        assert process.wait(10) == 0
    assert "Side channel on 127.0.0.1:" in lines[1]
    assert "09:25 to 16:05 New York" in lines[3]
    assert rest.strip() == "Stopped."
