"""Names that users choose: which are valid everywhere they end up, and which is nearest.

A flow's or subscriber's name becomes a folder, a Python package or module, part of environment
variables and of AWS resource names; a project's name is a Pulumi project too. One rule that
holds in all of these places is easier to remember than five.
"""

from __future__ import annotations

import builtins
import keyword
import re
import sys
from collections.abc import Collection, Iterable

from mqscaffold.errors import UserError, clean, quote

__all__ = [
    "JOINED_LIMIT",
    "NAME_LIMIT",
    "SHADOWS",
    "WINDOWS_DEVICES",
    "check_joined",
    "check_name",
    "nearest",
    "package_name",
    "slug",
    "unknown",
    "variable_name",
]

# Pulumi appends "-" and seven hexadecimal digits to a logical name, ".fifo" after that for FIFO:
# https://www.pulumi.com/docs/iac/concepts/resources/names/#autonaming
_RANDOM = len("-0123456")
_FIFO = len(".fifo")
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html
_QUEUE_LIMIT = 80
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_ROLE_LIMIT = 64

JOINED_LIMIT = _QUEUE_LIMIT - _RANDOM - _FIFO - len("-undelivered")
"""Characters of `<flow>-<item>`, the dash included: its longest queue is `…-undelivered`."""

NAME_LIMIT = _ROLE_LIMIT - _RANDOM - len("-operator")
"""Characters of a name that stands alone: its longest role is `<flow>-operator`."""

SHADOWS = frozenset(
    {
        "boto3",
        "botocore",
        "components",
        "conftest",
        "dateutil",
        "debugpy",
        "dill",
        "google",
        "grpc",
        "infra",
        "iniconfig",
        "jmespath",
        "memory-queue",
        "messaging",
        "mqscaffold",
        "nodeenv",
        "opentelemetry",
        "packaging",
        "pip",
        "pkg-resources",
        "pluggy",
        "pulumi",
        "pulumi-aws",
        "py",
        "pygments",
        "pyright",
        "pytest",
        "recorded-stack",
        "ruff",
        "s3transfer",
        "semver",
        "setuptools",
        "six",
        "src",
        "tests",
        "typing-extensions",
        "urllib3",
        "wrapt",
        "yaml",
    }
)
"""Names of flows that would hide a package which the generated project imports, also by way of
another, or a module of its own."""

WINDOWS_DEVICES = frozenset(
    ["con", "prn", "aux", "nul"] + [f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10)]
)
"""Names that no file or folder can have on Windows, with any ending:
https://learn.microsoft.com/windows/win32/fileio/naming-a-file"""

_SHAPE = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_RULE = "a name is lower-case letters, digits and single dashes, and begins with a letter"


def check_name(
    text: str,
    *,
    what: str,
    reserved: Collection[str] = (),
    where: str | None = None,
    stands_alone: bool = True,
) -> str:
    """Return `text` when it is a valid name, else raise a UserError with the nearest valid one.

    Args:
        text: the name as it was given.
        what: what it names, for the message: `project`, `flow`, `subscriber`.
        reserved: names that the caller uses itself (`producer`, `alarms`, `handlers` …).
        where: the option, file or setting that gave it.
        stands_alone: True when the name becomes a top-level package, which would then hide a
            module of the standard library; False for one that lives inside a package.
    """
    problem = _problem(text, reserved, stands_alone)
    if problem is None:
        return text
    near = slug(text)
    if near is None or _problem(near, reserved, stands_alone):
        near = f"my-{(near or what)[: NAME_LIMIT - 3].rstrip('-')}"
    raise UserError(f"{quote(text)} is no valid {what} name: {problem}", where=where, near=near)


def _problem(text: str, reserved: Collection[str], stands_alone: bool) -> str | None:
    if not text:
        return "it is empty"
    if len(text) > NAME_LIMIT:
        return f"it has {len(text)} characters and {NAME_LIMIT} fit (AWS role names)"
    if "/" in text or "\\" in text or text.startswith("."):
        return "it is a path; --output says in which folder it is made"
    if not _SHAPE.fullmatch(text):
        return _RULE
    if text in reserved:
        return "the project uses it itself"
    package = package_name(text)
    if text in WINDOWS_DEVICES:
        return "Windows keeps it for a device"
    if keyword.iskeyword(package) or keyword.issoftkeyword(package):
        return "it is a word of the Python language"
    if hasattr(builtins, package):
        return "it is a Python builtin"
    if stands_alone and package in sys.stdlib_module_names:
        return "it would hide a module of Python's standard library"
    if stands_alone and text in SHADOWS:
        return "it would hide a package that the project imports"
    return None


def check_joined(flow: str, item: str, *, where: str | None = None) -> None:
    """Raise a UserError when `<flow>-<item>` would make a queue's name too long for AWS."""
    length = len(flow) + 1 + len(item)
    if length > JOINED_LIMIT:
        raise UserError(
            f"{quote(f'{flow}-{item}')} has {length} characters and {JOINED_LIMIT} fit: its queue"
            f" '-undelivered', a random suffix and '.fifo' make {_QUEUE_LIMIT}",
            where=where,
            command=f"shorten {flow} or {item} by {length - JOINED_LIMIT} characters",
        )


def package_name(name: str) -> str:
    """The Python package or module of a name: `orders-eu` is `orders_eu`."""
    return name.replace("-", "_")


def variable_name(*names: str) -> str:
    """The environment variable of names: `orders`, `eu-billing` is `ORDERS_EU_BILLING`."""
    return "_".join(names).replace("-", "_").upper()


def slug(text: str) -> str | None:
    """The nearest text in the shape of a name, or None when nothing of it can stay."""
    import unicodedata

    # Two limits: the last part of a path is what was meant, and the rest would not be shown.
    tail = re.split(r"[/\\]", text[:1000].rstrip("/\\"))[-1]
    plain = unicodedata.normalize("NFKD", tail).encode("ascii", "ignore").decode("ascii")
    # orderEvents -> order-events, as people write it in the other convention.
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", plain)
    dashed = re.sub(r"[^a-z0-9]+", "-", spaced.lower())
    begun = re.sub(r"^[^a-z]+", "", dashed)
    return begun[:NAME_LIMIT].strip("-") or None


def nearest(word: str, options: Iterable[str], *, count: int = 3) -> tuple[str, ...]:
    """Up to `count` of the options that resemble `word`, best first; none when none does."""
    import difflib

    known = {option.lower().replace("_", "-"): option for option in options}
    wanted = word[:100].lower().replace("_", "-")
    close = difflib.get_close_matches(wanted, known, n=count, cutoff=0.6)
    # "retry" means retry_for, and "sns" sns-sqs, though they are short of the cutoff.
    begun = sorted(key for key in known if len(wanted) > 1 and key.startswith(wanted))
    return tuple(known[key] for key in dict.fromkeys([*close, *begun]))[:count]


def unknown(
    what: str,
    word: str,
    options: Iterable[str],
    *,
    where: str | None = None,
    command: str | None = None,
) -> UserError:
    """The error for a word that is not among the options: `unknown pattern 'fanuot'`.

    When none resembles the word and there are few, all of them are shown as the nearest.
    """
    names = list(options)
    near = nearest(word, names)
    if not near and len(names) <= 5:
        near = tuple(names)
    return UserError(
        f"unknown {clean(what, 40)} {quote(word)}", where=where, near=near, command=command
    )
