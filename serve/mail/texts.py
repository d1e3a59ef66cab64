"""The texts of mails. Every value comes from outside and is escaped in the HTML form; a link stands on its own line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape

Values = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says: paragraphs, a button with a link between them, and a last paragraph."""

    subject: str
    before: tuple[str, ...]
    button: str = ""
    link: str = ""
    after: tuple[str, ...] = ()


def letter(kind: str, values: Values) -> Letter:
    """The letter of a kind; KeyError for an unknown kind or a value that is missing."""
    return _KINDS[kind](values)


def as_text(written: Letter) -> str:
    """The plain form."""
    link = (f"{written.button}:", written.link) if written.link else ()
    return "\n\n".join(("Hello,", *written.before, *link, *written.after, "Tidewire")) + "\n"


def as_html(written: Letter) -> str:
    """The simple HTML form: no images, no styles from elsewhere, no tracking."""
    parts = [_paragraph("Hello,"), *map(_paragraph, written.before)]
    if written.link:
        address = escape(written.link, quote=True)
        parts.append(f'<p><a href="{address}">{escape(written.button)}</a></p>')
        parts.append(f"<p>If the link does not open, copy this address into your browser:<br>{address}</p>")
    parts += [*map(_paragraph, written.after), _paragraph("Tidewire")]
    head = f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(written.subject)}</title></head>'
    return f'{head}<body style="font-family:sans-serif;line-height:1.5">{"".join(parts)}</body></html>\n'


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


_NOT_YOU = "If this was not you, you can ignore this mail: nothing happens without the link."


def _verification(values: Values) -> Letter:
    return Letter(
        "Confirm your e-mail address", ("Please confirm that this address is yours.",), "Confirm this address",
        values["link"], (f"The link works once, for {values['lasts']}.", _NOT_YOU),
    )  # fmt: skip


def _account_exists(values: Values) -> Letter:
    return Letter(
        "You already have an account",
        (
            "Somebody, probably you, wanted to register with this address, which has an account already.",
            "Sign in with it. If you have forgotten the password, you can choose a new one there.",
        ),
        "Sign in", values["sign_in"], ("If this was not you, nothing has changed and you need to do nothing.",),
    )  # fmt: skip


def _reset(values: Values) -> Letter:
    return Letter(
        "Choose a new password", ("Somebody, probably you, asked for a new password for your account.",),
        "Choose a new password", values["link"], (f"The link works once, for {values['lasts']}.", _NOT_YOU),
    )  # fmt: skip


def _invitation(values: Values) -> Letter:
    return Letter(
        f"You are invited to {values['tenant']}",
        (f"{values['inviter']} invites you to work in {values['tenant']} as {values['role']}.",),
        "Accept the invitation", values["link"],
        (f"The link works once, for {values['lasts']}.", "If you do not know what this is about, ignore this mail."),
    )  # fmt: skip


def _new_device(values: Values) -> Letter:
    return Letter(
        "A new device has signed in",
        (
            f"Your account was used to sign in from a device that we have not seen before: {values['device']}.",
            f"Address: {values['address']}. Time: {values['at']}.",
        ),
        "See where you are signed in", values["link"],
        ("If this was not you, change your password at once: that ends every session.",),
    )  # fmt: skip


def _password_changed(values: Values) -> Letter:
    return Letter(
        "Your password was changed",
        (
            "The password of your account was changed, and every session was signed out.",
            f"By: {values['device']}. Address: {values['address']}. Time: {values['at']}.",
        ),
        "Choose a new password", values["link"], ("If this was not you, choose a new password at once.",),
    )  # fmt: skip


_KINDS: Mapping[str, Callable[[Values], Letter]] = {
    "verification": _verification,
    "account_exists": _account_exists,
    "reset": _reset,
    "invitation": _invitation,
    "new_device": _new_device,
    "password_changed": _password_changed,
}
KINDS = frozenset(_KINDS)
