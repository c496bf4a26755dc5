"""Reads a request's fields in order and strictly: wrong text or a wrong count is an error, never a guess.

Client dialects that are right: '' for any default number or flag, and the largest int or double for
"not set" (2147483647, 1.7976931348623157E308, in either spelling).
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from bot.gateway.errors import FieldError

UNSET_INT = "2147483647"
UNSET_FLOAT = "1.7976931348623157E308"
_UNSET_DOUBLE = float(UNSET_FLOAT)


class FieldReader:
    """Takes the fields of one request one after the other; `kind` names the request in errors."""

    def __init__(self, kind: str, fields: list[str], start: int = 1) -> None:
        self.kind = kind
        self._fields = fields
        self._next = start

    def text(self, name: str) -> str:
        """The next field as it is. Raises FieldError if there is none."""
        if self._next >= len(self._fields):
            raise FieldError(f"{self.kind} ends before field {self._next} ({name}): {len(self._fields)} fields came")
        field = self._fields[self._next]
        self._next += 1
        return field

    def integer(self, name: str) -> int | None:
        """The next field as a whole number; None if it is not set."""
        field = self.text(name)
        if field in ("", UNSET_INT):
            return None
        if field.lstrip("-").isdecimal() and field.count("-") <= 1:
            return int(field)
        raise self._fault(name, field, "a whole number")

    def identifier(self, name: str) -> int:
        """The next field as a number that must be set, such as a request's id."""
        value = self.integer(name)
        if value is None:
            raise self._fault(name, "", "a number; an id has no default")
        return value

    def number(self, name: str) -> Decimal | None:
        """The next field as a decimal number; None if it is not set."""
        field = self.text(name)
        if field in ("", UNSET_INT):
            return None
        try:
            value = Decimal(field)
        except InvalidOperation:
            raise self._fault(name, field, "a number") from None
        if not value.is_finite():
            raise self._fault(name, field, "a finite number")
        return None if float(value) == _UNSET_DOUBLE else value

    def flag(self, name: str, default: bool = False) -> bool:
        """The next field as 0 or 1; '' is the default."""
        field = self.text(name)
        if field == "":
            return default
        if field in ("0", "1"):
            return field == "1"
        raise self._fault(name, field, "0 or 1")

    def version(self, expected: int) -> None:
        """The next field must be the version number of this kind of request."""
        field = self.text("version")
        if field != str(expected):
            raise self._fault("version", field, str(expected))

    def end(self) -> None:
        """Nothing may be left. Raises FieldError."""
        if self._next != len(self._fields):
            raise FieldError(f"{self.kind} has {len(self._fields)} fields where {self._next} are expected")

    def _fault(self, name: str, found: str, allowed: str) -> FieldError:
        return FieldError(f"{self.kind}: field {self._next - 1} ({name}) is {found!r} and must be {allowed}")
