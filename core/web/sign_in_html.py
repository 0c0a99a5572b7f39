"""The look of the pages for signing in: the desk's colours, light and dark, and nothing but text and fields."""

from __future__ import annotations

import base64
import hashlib
from html import escape

SIGN_IN, SIGN_OUT, CHANGE = "sign in", "sign out", "change"
STALE = "This form is too old, or cookies are off. Try again."
NOT_TWICE = "The two new passwords differ. Type the same one twice."
MUST_CHANGE = "Your password was made for one time. Take one of your own: 12 characters or more, a sentence will do."

STYLE = """
:root { color-scheme: light dark; --ink: #101820; --paper: #ffffff; --desk: #f3f5f7; --line: #d3dae1; --accent: #0072b2;
 --soft: #53606d; --red: #9e3f00; --redpaper: #fbe7da; --blue: #005b8e; --bluepaper: #e2f0f8; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ebf0; --paper: #1b242e; --desk: #10161d; --line: #34414e;
 --accent: #207bb5; --soft: #b0bcc8; --red: #f6a36b; --redpaper: #3d2413; --blue: #8ccdf2; --bluepaper: #15303f; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: flex; align-items: center; justify-content: center; padding: 16px;
 background: var(--desk); color: var(--ink); font: 15px/1.5 "Source Sans 3", "Source Sans", system-ui, sans-serif; }
main { width: 100%; max-width: 380px; background: var(--paper); border: 1px solid var(--line); border-radius: 6px;
 padding: 28px; }
svg { width: 150px; height: 32px; display: block; margin-bottom: 20px; }
h1 { font-size: 20px; font-weight: 600; margin: 0 0 16px; }
p { margin: 0 0 16px; padding: 10px 12px; border-radius: 6px; overflow-wrap: anywhere; }
.problem { background: var(--redpaper); color: var(--red); }
.told { background: var(--bluepaper); color: var(--blue); }
.small { padding: 0; margin: 18px 0 0; color: var(--soft); font-size: 13px; }
label { display: block; margin-bottom: 14px; font-size: 14px; }
input { display: block; width: 100%; margin-top: 4px; padding: 9px 10px; font: inherit; color: inherit;
 background: var(--desk); border: 1px solid var(--line); border-radius: 6px; }
button, .button { display: block; width: 100%; padding: 10px; font: inherit; font-weight: 600; color: #ffffff;
 background: var(--accent); border: 0; border-radius: 6px; cursor: pointer; text-align: center; text-decoration: none; }
input:focus-visible, button:focus-visible, a:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
a { color: var(--blue); }
"""
STYLE_HASH = "sha256-" + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

_LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 150 32" role="img" aria-label="Ringside">'
    '<rect x="6" y="6" width="20" height="20" rx="3" fill="none" stroke="#0072B2" stroke-width="4"/>'
    '<g fill="#D55E00"><circle cx="6" cy="6" r="4"/><circle cx="26" cy="6" r="4"/><circle cx="6" cy="26" r="4"/>'
    '<circle cx="26" cy="26" r="4"/></g><text x="40" y="23" font-family="sans-serif" font-size="20" '
    'font-weight="600" fill="#2583BC">Ringside</text></svg>'
)
_PASSWORD = '<input type="password" name="{name}" autocomplete="{fill}" required maxlength="256">'
_FIELDS = {
    SIGN_IN: (
        '<input type="hidden" name="next" value="{next}">'
        '<label>E-mail address<input type="email" name="email" value="{email}" autocomplete="username" required '
        'maxlength="254" autofocus></label><label>Password'
        + _PASSWORD.format(name="password", fill="current-password")
        + "</label><button>Sign in</button>"
    ),
    SIGN_OUT: "<button>Sign out</button>",
    CHANGE: (
        "<label>Password you signed in with"
        + _PASSWORD.format(name="password", fill="current-password")
        + "</label><label>New password"
        + _PASSWORD.format(name="new", fill="new-password")
        + "</label><label>New password, once more"
        + _PASSWORD.format(name="again", fill="new-password")
        + "</label><button>Change it</button>"
    ),
}
_HEADINGS = {SIGN_IN: "Sign in", SIGN_OUT: "Sign out of this desk?", CHANGE: "Change your password"}
_SMALL = {
    SIGN_IN: "No account, or the password is lost? An administrator of this desk gives you a new one.",
    SIGN_OUT: "Nothing is ended until you press it.",
    CHANGE: "It ends every other place where you are signed in.",
}
_PATHS = {SIGN_IN: "/sign-in", SIGN_OUT: "/sign-out", CHANGE: "/change-password"}


def page(which: str, *, form: str, problem: str = "", told: str = "", next: str = "/", email: str = "") -> str:
    """One of the pages with a form.

    Parameters
    ----------
    form : str
        Random text that the browser's cookie holds too.
    problem, told : str
        A sentence above the fields; nothing in them is trusted.
    """
    fields = _FIELDS[which].format(next=escape(next), email=escape(email))
    hidden = f'<input type="hidden" name="form" value="{escape(form)}">'
    body = f'<form method="post" action="{_PATHS[which]}">{hidden}{fields}</form>'
    back = ' <a href="/">Back to the desk</a>' if which != SIGN_IN and not told else ""
    return document(_HEADINGS[which], _said(problem, told) + body + f'<p class="small">{_SMALL[which]}{back}</p>')


def document(heading: str, body: str) -> str:
    """A whole document; `heading` is escaped, `body` is HTML."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width, initial-scale=1"><meta name="robots" content="noindex"><title>{escape(heading)} '
        f"- Ringside</title><style>{STYLE}</style></head><body><main>{_LOGO}<h1>{escape(heading)}</h1>{body}</main>"
        "</body></html>"
    )


def _said(problem: str, told: str) -> str:
    said = f'<p class="problem" role="alert">{escape(problem)}</p>' if problem else ""
    return said + (f'<p class="told" role="status">{escape(told)}</p>' if told else "")
