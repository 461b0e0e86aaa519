#!/usr/bin/python3
"""Completion in bash and zsh: real shells on a terminal of their own, into which keys are typed."""

import pty
import select
import shlex

from harness import *

COMPLETION = os.path.join(TOP, "etc", "completion")
COMMANDS = ["serve", "run", "list", "check", "grant"]

EXPORTS = {
    "orders": "-- title: Orders\n-- param: since date = 2020-01-01   The first day\n-- param: country text?\n\n"
              "SELECT :'since' AS since, :'country' AS country",
    "order_lines": "SELECT 1",
    "users": "-- title: Users\n\nSELECT 1",
}

# Texts that would end a name, begin another one, or run a command if somebody took them for syntax.
ODD = {
    "odd": '-- title: {"name":"trap","params":[{"name":"trap"\n-- description: `touch ran` $(touch ran) \' " \\ ; * ~ é\n'
           '-- param: a1 text = {"name":"trap"   {"name":"trap"}],{"name":"trap"\n'
           "-- param: type text = '$(touch ran)'   {\n-- param: name text = ]}\n-- param: list_2 \"char\"[]?\n\n"
           "SELECT :'a1', :'type', :'name', :'list_2'",
    "0-a_b--c": "-- title: {\n-- param: z int   \"}\n\nSELECT :z",
    "o" * 45: "SELECT 1",
    "broken": "-- titel: Broken\n\nSELECT 1",
    "list": "SELECT 1",
}

# Each shell writes the line that it holds into descriptor 9 at Ctrl-G, and takes all that can
# stand at the cursor into the line at Ctrl-A.
BASH = r"""
bind 'set enable-bracketed-paste off'
bind -x '"\C-g": printf "%%s\n" "$READLINE_LINE" >&9'
bind '"\C-a": insert-completions'
. %s
"""
ZSH = r"""
fpath=(%s $fpath)
autoload -Uz compinit && compinit -u -D
setopt no_beep no_list_beep
answer() { print -r -- $BUFFER >&9 }
zle -N answer
bindkey '^G' answer
bindkey '^I' expand-or-complete
zle -C everything complete-word _generic
bindkey '^A' everything
zstyle ':completion:everything:*' completer _all_matches _complete
zstyle ':completion:everything:*' insert true
"""


class Shell:
    """An interactive shell in a workspace; `pgsluice` is the program under test."""

    def __init__(self, kind, workspace, env=None):
        binaries = workspace.path("bin")
        if not os.path.exists(binaries):
            os.mkdir(binaries)
            os.symlink(PGSLUICE, os.path.join(binaries, "pgsluice"))
        self.kind = kind
        home = {"HOME": workspace.directory, "PATH": binaries + ":" + os.environ["PATH"], "TERM": "dumb",
                "PGSLUICE_CONFIG": workspace.config, "INPUTRC": "/dev/null", "HISTFILE": None, "PS1": None, **(env or {})}
        answers, told = os.pipe()
        command = ["bash", "--norc", "--noprofile", "-i"] if kind == "bash" else ["zsh", "-f", "-i"]
        pid, self.terminal = pty.fork()
        if pid == 0:
            os.dup2(told, 9)
            os.chdir(workspace.directory)
            os.execvpe(command[0], command, child_env(home))
        self.pid, self.answers, self.shown = pid, answers, b""
        os.close(told)
        at_end(self.close)
        running.append(self)
        setup = workspace.write("setup." + kind, (BASH if kind == "bash" else ZSH) % shlex.quote(
            os.path.join(COMPLETION, "pgsluice") if kind == "bash" else COMPLETION))
        self.type(". %s; echo ready >&9\n" % shlex.quote(setup))
        equal(self.answer(), "ready")

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.close(self.terminal)
        os.close(self.answers)
        os.waitpid(self.pid, 0)

    def diagnostics(self):
        return "terminal of %s: %s" % (self.kind, self.shown[-2000:].decode("utf-8", "replace"))

    def type(self, keys):
        os.write(self.terminal, keys.encode())

    def answer(self):
        """The next line that the shell writes into descriptor 9."""
        line = b""
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([self.terminal, self.answers], [], [], 20 * SLOW)
            true(ready, "the shell did not answer")
            if self.terminal in ready:
                self.shown += os.read(self.terminal, 65536)
            if self.answers in ready:
                line += os.read(self.answers, 1)
        return line.decode()[:-1]

    def press(self, text, key):
        """What the line is when `text` and then the key were typed at a new prompt."""
        self.type("\x15" + text + key + "\x07")
        return self.answer()

    def tab(self, text):
        return self.press(text, "\t")

    def all(self, text):
        """All words that can stand at the end of `text`, sorted."""
        line = self.press(text, "\x01")
        begin = text[:text.rfind(" ") + 1]
        true(line.startswith(begin), "%r became %r" % (text, line))
        return sorted(shlex.split(line[len(begin):]))


def each_shell(function):
    """A test in each of the two shells."""
    def one(kind):
        return lambda: function(kind)
    for kind in ("bash", "zsh"):
        case = one(kind)
        case.__name__ = function.__name__ + "__" + kind
        test(case)
    return function


def flags(command):
    """The long options that --help of a command tells of."""
    done = run(*([command] if command else []), "--help", with_config=False, workspace=Workspace(EXPORTS))
    equal(done.code, 0, repr(done))
    return sorted(set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", done.out.decode())) | {"--help"})


@each_shell
def a_command_is_completed(kind):
    shell = Shell(kind, Workspace(EXPORTS))
    equal(shell.all("pgsluice "), sorted(COMMANDS))
    equal(shell.tab("pgsluice ch"), "pgsluice check ")
    equal(shell.tab("pgsluice --v"), "pgsluice --version ")


@each_shell
def options_are_those_of_help(kind):
    shell = Shell(kind, Workspace(EXPORTS))
    for command in COMMANDS:
        wanted = flags(command) + ["--config"]
        got = [word.rstrip("=") for word in shell.all("pgsluice %s --" % command)]
        equal(got, sorted(set(wanted)), command)
    equal(shell.all("pgsluice --"), ["--help", "--version"])


@each_shell
def an_export_is_completed(kind):
    shell = Shell(kind, Workspace(EXPORTS))
    for command in ("run", "grant"):
        equal(shell.all("pgsluice %s " % command), ["order_lines", "orders", "users"])
        equal(shell.tab("pgsluice %s us" % command), "pgsluice %s users " % command)
        equal(shell.tab("pgsluice %s ord" % command), "pgsluice %s order" % command)
    for command in ("list", "check", "serve"):
        equal(shell.tab("pgsluice %s us" % command), "pgsluice %s us" % command)


OPTIONS = ["_bom=", "_columns=", "_delimiter=", "_dialect=", "_encoding=", "_eol=", "_filename=", "_header=", "_limit=",
           "_locale=", "_null=", "_order=", "_quote=", "_run=", "_timezone="]
FORMATS = sorted(layout + ending for layout in ("csv", "tsv", "jsonl") for ending in ("", ".gz", ".zst"))


@each_shell
def a_parameter_is_completed_without_a_blank_behind_it(kind):
    shell = Shell(kind, Workspace(EXPORTS))
    equal(shell.tab("pgsluice run orders si"), "pgsluice run orders since=")
    equal(shell.tab("pgsluice run orders since=2026-01-01 co"), "pgsluice run orders since=2026-01-01 country=")
    equal(shell.tab("pgsluice run -o x.csv orders si"), "pgsluice run -o x.csv orders since=")
    equal(shell.tab("pgsluice run -ox.csv 'orders' si"), "pgsluice run -ox.csv 'orders' since=")
    equal(shell.tab("pgsluice run users s"), "pgsluice run users s")
    equal(shell.tab("pgsluice run nothing s"), "pgsluice run nothing s")


@each_shell
def parameters_and_options_of_an_export_are_offered_until_they_are_given(kind):
    shell = Shell(kind, Workspace(EXPORTS))
    equal(shell.all("pgsluice run orders "), sorted(OPTIONS + ["since=", "country="]))
    equal(shell.all("pgsluice run orders country=DE _header=off "), sorted(
        [o for o in OPTIONS if o != "_header="] + ["since="]))
    equal(shell.all("pgsluice grant --once orders "), sorted(OPTIONS + ["since=", "country="]))


@each_shell
def values_of_an_option_are_completed(kind):
    shell = Shell(kind, Workspace(EXPORTS))
    equal(shell.tab("pgsluice run orders _header=la"), "pgsluice run orders _header=labels ")
    equal(shell.tab("pgsluice run orders _dialect=dj"), "pgsluice run orders _dialect=django ")
    equal(shell.tab("pgsluice run orders _dialect=ex"), "pgsluice run orders _dialect=excel ")
    equal(shell.tab("pgsluice run orders _quote=n"), "pgsluice run orders _quote=nonnull ")
    equal(shell.tab("pgsluice run orders _eol=c"), "pgsluice run orders _eol=crlf ")
    equal(shell.tab("pgsluice run orders _bom=of"), "pgsluice run orders _bom=off ")
    equal(shell.all("pgsluice grant orders --format "), FORMATS)
    equal(shell.tab("pgsluice grant orders --format=csv.z"), "pgsluice grant orders --format=csv.zst ")
    equal(shell.tab("pgsluice grant orders --format csv.z"), "pgsluice grant orders --format csv.zst ")
    equal(shell.tab("pgsluice run orders since=20"), "pgsluice run orders since=20")


@each_shell
def files_are_completed_where_files_are_named(kind):
    w = Workspace(EXPORTS, files={"a name.csv": "", "folder/inner.csv": ""})
    shell = Shell(kind, w)
    for before in ("pgsluice run users -o ", "pgsluice run users --output ", "pgsluice list -c ", "pgsluice run --receipt "):
        equal(shell.tab(before + "a"), before + "a\\ name.csv ")
        equal(shell.tab(before + "folder/i"), before + "folder/inner.csv ")
    equal(shell.tab("pgsluice run a"), "pgsluice run a", "where an export is named")


@each_shell
def the_configuration_of_the_line_is_the_one_that_is_read(kind):
    w = Workspace(EXPORTS)
    w.write("other/exports.d/elsewhere.sql", "-- param: there int\n\nSELECT :there")
    w.write("other/my conf", "")
    shell = Shell(kind, w)
    for option in ("-c 'other/my conf'", "-c other/my\\ conf", "--config other/my\\ conf", "--config='other/my conf'",
                   "-c other/my\" \"conf", "-c ~/other/my\\ conf"):
        equal(shell.tab("pgsluice run %s else" % option), "pgsluice run %s elsewhere " % option)
        equal(shell.tab("pgsluice run %s elsewhere t" % option), "pgsluice run %s elsewhere there=" % option)
    equal(shell.tab("pgsluice run -c nowhere.conf us"), "pgsluice run -c nowhere.conf us")


@each_shell
def odd_exports_and_texts_break_nothing(kind):
    w = Workspace(ODD)
    before = w.listing()
    shell = Shell(kind, w)
    equal(shell.all("pgsluice run "), sorted(set(ODD) - {"broken"}))
    equal(shell.all("pgsluice run odd "), sorted(OPTIONS + ["a1=", "type=", "name=", "list_2="]))
    equal(shell.all("pgsluice run 0-a_b--c "), sorted(OPTIONS + ["z="]))
    equal(shell.all("pgsluice run list "), sorted(OPTIONS))
    equal(set(w.listing()) - set(before) - {"bin", "setup." + kind}, set(), "a text was run as a command")


@each_shell
def neither_broken_configuration_nor_missing_program_shows_an_error(kind):
    w = Workspace(EXPORTS, config="[server]\nlisten = nonsense\n")
    shell = Shell(kind, w)
    equal(shell.tab("pgsluice run us"), "pgsluice run us")
    os.unlink(w.path("bin/pgsluice"))
    equal(shell.tab("pgsluice run us"), "pgsluice run us")
    lacks(shell.shown.decode("utf-8", "replace"), "nonsense", "on the terminal")
    lacks(shell.shown.decode("utf-8", "replace"), "not found", "on the terminal")


@each_shell
def completion_asks_no_database(kind):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        dsn = "host=127.0.0.1 port=%d" % listener.getsockname()[1]
        w = Workspace(EXPORTS, config={"database": {"dsn": dsn}})
        shell = Shell(kind, w)
        equal(shell.tab("pgsluice run us"), "pgsluice run users ")
        equal(shell.tab("pgsluice run orders si"), "pgsluice run orders since=")
        equal(select.select([listener], [], [], 0)[0], [], "somebody connected to the database")


main(postgres=False)
