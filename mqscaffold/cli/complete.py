"""Completion: the scripts for three shells, and the answers that they ask for.

A script calls the command again with _MQSCAFFOLD_COMPLETE naming the shell. The answer is one
candidate a line, for zsh and fish with a tab and a few words. No line means: file names.
"""

from __future__ import annotations

import os

import click
from click.shell_completion import CompletionItem, ShellComplete, split_arg_string

from mqscaffold.cli.shell import COMPLETE_VARIABLE
from mqscaffold.errors import UserError

__all__ = ["SCRIPTS", "answer", "candidates"]

# `=` and `:` end a word in bash, so it is given the rest of the word only; a candidate that
# another must follow gets no space. `$1` is the command as it was typed.
_BASH = """\
_mqscaffold_completion() {
    local IFS=$'\\n'
    COMPREPLY=($(_MQSCAFFOLD_COMPLETE=bash _MQSCAFFOLD_LINE="${COMP_LINE:0:COMP_POINT}" \\
        _MQSCAFFOLD_BREAKS="$COMP_WORDBREAKS" "$1" 2>/dev/null))
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=./:] ]] && compopt -o nospace
    return 0
}
complete -o default -F _mqscaffold_completion mqscaffold
"""

_ZSH = """\
#compdef mqscaffold
_mqscaffold() {
    local line value
    local -a lines closed shown open
    lines=("${(@f)$(_MQSCAFFOLD_COMPLETE=zsh \\
        _MQSCAFFOLD_LINE="${(pj:\\n:)${(@Q)words[1,CURRENT]}}" $words[1] 2>/dev/null)}")
    for line in $lines; do
        value=${line%%$'\\t'*}
        if [[ $value == *[=./:] ]]; then
            open+=("$value")
        else
            closed+=("$value")
            shown+=("$value  ${line#*$'\\t'}")
        fi
    done
    if (( $#closed + $#open == 0 )); then
        _files
        return
    fi
    (( $#closed )) && compadd -l -d shown -- $closed
    (( $#open )) && compadd -S '' -- $open
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _mqscaffold "$@"
else
    compdef _mqscaffold mqscaffold
fi
"""

_FISH = """\
function __mqscaffold_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l found (_MQSCAFFOLD_COMPLETE=fish \\
        _MQSCAFFOLD_LINE=(string join \\n -- $words | string collect) $words[1] 2>/dev/null)
    if test (count $found) -eq 0
        __fish_complete_path (commandline -ct)
    else
        printf '%s\\n' $found
    end
end
complete --command mqscaffold --no-files --arguments '(__mqscaffold_complete)'
"""

SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def answer(group: click.Group) -> None:
    """Print the candidates for the words that the script has put into the environment."""
    shell = os.environ[COMPLETE_VARIABLE]
    line = os.environ.get("_MQSCAFFOLD_LINE", "")
    if shell == "bash":
        words = split_arg_string(line)
        if not line or line[-1].isspace():
            words.append("")
    else:
        words = line.split("\n")
    word = words[-1]
    breaks = os.environ.get("_MQSCAFFOLD_BREAKS", "") if shell == "bash" else ""
    cut = max((word.rfind(char) for char in breaks if char in "=:"), default=-1) + 1
    lines = [
        item.value[cut:] if shell == "bash" else f"{item.value}\t{item.help or ''}"
        for item in candidates(group, words[1:-1], word)
    ]
    if lines:
        click.echo("\n".join(lines))


def candidates(group: click.Group, args: list[str], word: str) -> list[CompletionItem[str]]:
    """What may stand for an unfinished word after the words before it; nothing for a mistake."""
    completer = ShellComplete(group, {}, "mqscaffold", COMPLETE_VARIABLE)
    try:
        found = completer.get_completions(list(args), word)
    except (UserError, click.ClickException):
        return []
    # click completes what follows the `=` of --option=; the shell wants the whole word.
    option, equals, _ = word.partition("=")
    prefix = option + equals if word.startswith("--") and equals else ""
    return [
        CompletionItem(f"{prefix}{item.value}", help=item.help)
        for item in found
        if item.type == "plain"
    ]
