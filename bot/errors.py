"""What a person can be told went wrong. The tree:

MesbotError
├── UsageError            the call's words or files are wrong           (exit 2)
│   └── BarsFileError     a bars file cannot be used; names the row
├── ContractError         a contract is broken or missing               (exit 3)
│   └── NoSuchLaw         the folder named holds none of them           (exit 2)
├── NotOurs               a file of ours is another user's, or a link  (exit 3)
├── Interrupted           a person stopped it (Ctrl-C); says what is done (exit 130)
│   └── Terminated        the system asked it to end (SIGTERM)          (exit 143)
├── CalendarError         a date that no calendar covers
├── JournalError          the journal cannot be read, written or trusted
│   └── JournalBroken     the hash chain does not hold; names the link
└── RiskEngineError       the risk engine plugin is absent or bypassed  (exit 3)

Each message is one readable sentence: what was found, what is allowed, where, what to do. Accounts and hosts stand masked in it,
for it may end in a log.
"""

from bot.masking import masked


class MesbotError(Exception):
    """Base of all: its text is shown to the person as it is, without a stack trace."""

    exit_code = 1

    def __init__(self, *said: object) -> None:
        super().__init__(*(masked(each) if isinstance(each, str) else each for each in said))

    @property
    def told(self) -> str:
        """The sentence for a person at a terminal."""
        return str(self)


class UsageError(MesbotError):
    """The caller asked for something that cannot be done as asked."""

    exit_code = 2


class BarsFileError(UsageError):
    """A bars file cannot be used. Caught by the command line; the text names file and row."""


class ContractError(MesbotError):
    """One or more contract files are broken; the text lists every fault, one a line."""

    exit_code = 3


class NoSuchLaw(ContractError):
    """The folder that a person named for contracts or strategies is not there, or holds none: another one was meant."""

    exit_code = UsageError.exit_code


class NotOurs(MesbotError):
    """What mesbot keeps for itself belongs to another user, is a symbolic link, or of another kind: it is not used."""

    exit_code = 3


class Interrupted(MesbotError):
    """A person ended a verb with Ctrl-C; the text says what was done so far, and how it goes on."""

    exit_code = 130  # 128 and the number of SIGINT, as shells have it
    ANYWHERE = "Interrupted before it was through."
    """What is true of every verb, for those that have nothing more to say."""


class Terminated(Interrupted):
    """The same by SIGTERM: of `kill`, of a machine that goes down."""

    exit_code = 143  # 128 and the number of SIGTERM


class CalendarError(MesbotError):
    """A date lies outside what the calendars cover."""


class JournalError(MesbotError):
    """The journal cannot be opened, read or written."""


class JournalBroken(JournalError):
    """The journal's hash chain or its append-only promise does not hold."""


class RiskEngineError(MesbotError):
    """The contract risk engine is not on the path to the broker, so nothing may start."""

    exit_code = 3
