"""Questions on a terminal: on standard error, so that standard output stays what was asked for."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from mqscaffold.errors import UserError
from mqscaffold.names import nearest

if TYPE_CHECKING:
    from mqscaffold.render.request import Question

__all__ = ["ask", "is_terminal"]

_SHOWN_CHOICES = 8


def is_terminal() -> bool:
    """Whether somebody is there to read a question and to answer it."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: Question) -> str:
    """The answer to a question; Enter takes the default, and a mistake is told and asked again.

    Raises:
        EOFError: the input ended.
    """
    while True:
        click.echo(_line(question), nl=False, err=True)
        try:
            line = sys.stdin.readline()
        except OSError:  # the terminal was closed
            line = ""
        if not line:
            raise EOFError
        text = line.strip() or question.default
        try:
            return _checked(question, text)
        except UserError as error:
            click.echo("\n".join(error.lines()), err=True)


def _line(question: Question) -> str:
    choices = question.choices
    shown = f" ({', '.join(choices)})" if 0 < len(choices) <= _SHOWN_CHOICES else ""
    return f"{question.text}{shown} [{question.default}]: "


def _checked(question: Question, text: str) -> str:
    if question.choices and text not in question.choices:
        raise UserError(
            f"{question.name} is one of {len(question.choices)} words",
            near=nearest(text, question.choices) or question.choices[:_SHOWN_CHOICES],
        )
    if question.check:
        question.check(text)
    return text
