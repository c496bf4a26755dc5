"""What can go wrong in the gateway. The tree:

MesbotError
├── UsageError
│   └── GatewayError      it cannot start or was told nonsense: port taken, no bars on the date, unknown fault
└── WireError             bytes that are not the TWS protocol; ends one connection, never the server
    └── FieldError        a request whose fields are not what its kind has; answered with error 321
"""

from __future__ import annotations

from bot.errors import MesbotError, UsageError


class GatewayError(UsageError):
    """The gateway cannot do what its caller asked. Caught by the command line."""


class WireError(MesbotError):
    """A peer sent bytes that are not the protocol. Caught by the session, which logs it and hangs up."""


class FieldError(WireError):
    """A request's fields are not those of its kind. Caught by the session and answered with error 321."""
