#!/usr/bin/python3
"""--help, the manual pages and the sample configuration against what the program knows, and against each other."""

import glob

import manpages
import program
from harness import *

MAIN, CONFIG, EXPORT = manpages.PAGES

# The type of a key as the manual calls it.
TYPES = {
    "TEXT": "Text", "LIST": "List", "LISTEN": "Addresses", "PATH": "Path", "SECRET": "Secret",
    "KEYS": "Secrets, one per line", "SHA256": "64 hex digits", "INT": "Number", "SIZE": "Size", "RATE": "Rate",
    "DURATION": "Duration", "BOOL": "on or off", "FORMAT": "logfmt or json", "LEVEL": "debug, info, warning or error",
}


def facts(key):
    """The first line of a key in pgsluice.conf(5)."""
    text = TYPES[key.type]
    if key.least is not None:
        text += " from %s to %s" % (key.least, key.most)
    if key.default is None:
        return text + "; required."
    if key.default == "":
        return text + ("; no limit by default." if key.needs_no_limit else "; empty by default.")
    return text + "; default %s." % key.default


def page_of(section):
    title = "[token NAME ]" if section == "token" else "[%s]" % section
    return manpages.items(manpages.section(CONFIG, "KEYS", title))


def sections():
    return list(dict.fromkeys(key.section for key in program.config_keys()))


def help_of(*command):
    done = run(*command, "--help", with_config=False, workspace=Workspace())
    equal((done.code, done.err), (0, ""), repr(done))
    return done.out.decode()


def flags_of_help(command):
    return set(re.findall(r"(?<![\w-])(--[a-z][a-z0-9-]*|-[a-zA-Z])(?![\w-])", help_of(command)))


def flags_taken(command):
    """Every option that the program has, tried with this command: the ones that it does not refuse as unknown."""
    takes = program.long_options()
    words = [("--" + name, value) for name, value in takes.items()]
    words += [("-" + letter, value) for letter, value in program.short_options().items()]
    taken = set()
    for flag, value in words:
        done = run(command, flag, *(["a.b=1"] if value else []), "--help", with_config=False, workspace=Workspace())
        true(done.code in (0, 64), repr(done))
        if done.code == 0:
            taken.add(flag)
    return taken


# The pages

@each(**{page.replace(".", "_").replace("-", "_"): page for page in manpages.PAGES})
def the_page_is_clean(page):
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "style", os.path.join(manpages.MAN, page)], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL)
    # mandoc looks for them where manuals are installed; the next test does it here.
    complaints = [line for line in done.stdout.decode().splitlines() if "referenced manual not found" not in line]
    equal(complaints, [])


@test
def pages_refer_to_pages_and_sections_that_are_there():
    known = [page.rsplit(".", 1) for page in manpages.PAGES] + [["psql", "1"], ["cron", "8"], ["nohup", "1"], ["sd_notify", "3"], ["strftime", "3"]]
    for page in manpages.PAGES:
        text = manpages.lines(page)
        for name, number in re.findall(r"(?m)^\.Xr (\S+) (\d)", "\n".join(text)):
            true([name, number] in known, "%s refers to %s(%s)" % (page, name, number))
        titles = {line[4:] for other in manpages.PAGES for line in manpages.lines(other) if line.startswith((".Sh", ".Ss"))}
        for line in text:
            true(not line.startswith(".Sx ") or re.sub(r" [.,;]$", "", line[4:]) in titles, "%s: %s" % (page, line))


@test
def no_page_is_left_out():
    equal(sorted(os.path.basename(path) for path in glob.glob(os.path.join(manpages.MAN, "*"))), sorted(manpages.PAGES))
    with open(os.path.join(TOP, "sources.am"), encoding="utf-8") as f:
        pages = re.findall(r"man/(\S+)", f.read())
    equal(sorted(pages), sorted(manpages.PAGES), "what make install puts into mandir")


@each(README="README.md", HACKING="HACKING.md", NEWS="NEWS.md", django="django/README.md")
def links_lead_to_what_is_there(name):
    with open(os.path.join(TOP, name), encoding="utf-8") as f:
        links = [link for link in re.findall(r"\]\(([^)]+)\)", f.read()) if not link.startswith("http")]
    for link in links:
        true(os.path.exists(os.path.join(TOP, os.path.dirname(name), link)), "%s: no %s" % (name, link))


# Commands and options

@test
def help_and_the_manual_name_the_same_commands():
    commands = program.commands()
    equal(re.findall(r"(?m)^  ([a-z]+)\b", help_of()), commands)
    synopsis = "\n".join(manpages.section(MAIN, "SYNOPSIS"))
    equal(re.findall(r"(?m)^\.Cm (\w+)", synopsis), commands)
    told = [line[4:] for line in manpages.lines(MAIN) if line.startswith(".Ss ") and line[4:] in commands]
    equal(told, commands)


@test
def help_without_a_command_and_the_manual_name_the_same_options():
    told = manpages.section(MAIN, "COMMANDS")
    told = told[[i for i, line in enumerate(told) if line.startswith("And instead")][0]:]
    told = told[:[i for i, line in enumerate(told) if line == ".El"][0]]
    equal(manpages.flags(told), {"-h", "--help", "-V", "--version"})
    for flag in manpages.flags(told):
        contains(help_of(), flag)
        equal(run(flag, with_config=False, workspace=Workspace()).code, 0, flag)


def common_flags():
    text = manpages.section(MAIN, "COMMANDS")
    return manpages.flags(text[:[i for i, line in enumerate(text) if line.startswith("And instead")][0]])


@each(**{command: command for command in program.commands()})
def help_the_manual_and_the_program_know_the_same_options(command):
    taken = flags_taken(command)
    true({"-c", "--config", "-h", "--help"} <= taken, "options of %s: %s" % (command, taken))
    equal(sorted(flags_of_help(command)), sorted(taken), "--help of " + command)
    text = [line for line in manpages.section(MAIN, "COMMANDS", command)]
    equal(sorted(manpages.flags(text) | common_flags()), sorted(taken), "manual of " + command)


@test
def every_option_of_the_table_belongs_to_a_command():
    taken = set().union(*(flags_taken(command) for command in program.commands()))
    equal({"--" + name for name in program.long_options()} - taken, set())


# Keys

@test
def the_manual_has_every_section_and_every_key_in_the_order_of_the_table():
    titles = [re.match(r"\[(\w+)", manpages.plain(line[4:])).group(1) for line in manpages.lines(CONFIG)
              if line.startswith(".Ss [")]
    equal(titles, sections())
    for section in sections():
        wanted = [[k.key] + [k.key + "_file"] * k.has_file for k in program.config_keys() if k.section == section]
        equal([names for _, names, _ in page_of(section)], wanted, "[%s]" % section)


@test
def the_manual_tells_type_range_and_default_of_every_key():
    for section in sections():
        keys = [key for key in program.config_keys() if key.section == section]
        for key, (_, _, text) in zip(keys, page_of(section)):
            equal(text[0], facts(key), "[%s] %s" % (section, key.key))
            true(len([line for line in text if line]) > 1, "[%s] %s has no words of its own" % (section, key.key))


@test
def the_manual_tells_which_keys_need_a_restart():
    told = {"[%s] %s" % (section, names[0]) for section in sections() for _, names, lines in page_of(section)
            if "A change needs a restart." in lines}
    # Another value for every key that has a free choice of addresses, sizes and texts.
    other = {"TEXT": "other", "LIST": "pgsluice.other", "LISTEN": "127.0.0.1:0,127.0.0.1:0", "DURATION": "20s", "INT": "2",
             "SIZE": "3MB", "RATE": "1MB/s", "BOOL": "on", "FORMAT": "json", "LEVEL": "debug"}
    with Server({"one": "SELECT 1 AS a"}) as s:
        text = ""
        for section in sections():
            keys = [k for k in program.config_keys() if k.section == section and k.type in other and k.section not in (
                "token", "tickets", "database")]
            text += "[%s]\n%s" % (section, "".join("%s = %s\n" % (k.key, other[k.type]) for k in keys)) if keys else ""
        text += "[tickets]\nlisten = unix:%s\nsecret = %s\ndsn = user=other\n" % (s.workspace.path("tickets"), "s" * 32)
        s.workspace.write("pgsluice.conf", text)
        s.process.send_signal(signal.SIGHUP)
        s.wait_log("reloaded")
        lines = [json.loads(line) if line.startswith("{") else logfmt(line) for line in s.log.splitlines()]
    warned = {line["detail"] for line in lines if line.get("msg") == "needs a restart"}
    equal(told, warned)


@test
def the_manual_tells_which_keys_have_no_effect_yet():
    told = {names[0] for section in sections() for _, names, lines in page_of(section)
            if "Has no effect in this version." in lines}
    warned = set(re.findall(r'\{"\[\w+\]", "(\w+)"', program.source("cmd", "notyet.c")))
    true(warned and warned <= told, "%s is not all of %s" % (told, warned))


@test
def the_environment_takes_the_keys_that_the_manual_says():
    keys = program.config_keys()
    for name in ("PGSLUICE_SERVER_LISTEN", "PGSLUICE_DATABASE_DSN_FILE"):
        true(any(name == ("PGSLUICE_%s_%s" % (k.section, k.key + suffix)).upper() for k in keys
                 for suffix in ([""] + ["_file"] * k.has_file)), name)
        contains("\n".join(manpages.lines(CONFIG)), ".Ev " + name)


# Exports

@test
def the_manual_has_every_key_of_a_header():
    equal(manpages.names(manpages.section(EXPORT, "HEADER")), program.header_keys())


@test
def the_manual_has_every_option_of_an_export():
    equal(sorted(manpages.names(manpages.section(EXPORT, "OPTIONS"))), sorted(program.export_options()))


# HTTP

@test
def the_manual_has_every_path_of_every_listener():
    listener, told = None, set()
    for line in manpages.section(MAIN, "HTTP", "Requests"):
        named = re.match(r"\.Ic \[(\w+)\] (\w+)", line)
        if named:
            listener = {"listen": "tickets" if named.group(1) == "tickets" else "public", "admin_listen": "admin"}[named.group(2)]
        path = re.match(r"\.It Pa [A-Z]+ /(\S+)$", line)
        if path:
            segments = path.group(1).split("/")
            told.add((listener, segments[0], len(segments)))
    equal(sorted(told), sorted(program.routes()))


@test
def the_manual_has_every_member_of_the_status():
    told = manpages.names(manpages.section(MAIN, "HTTP", "Status"))
    with Server({"one": "SELECT 1 AS a"}) as s:
        known = s.get("/status.json", admin=True).json()
    equal(sorted(told), sorted(known))
    text = "\n".join(manpages.section(MAIN, "HTTP", "Status"))
    for inner in ("slots", "queue", "memory"):
        for name in known[inner]:
            matches(text, r"(?m)^\.Ql %s(?: |$)" % name)


@each(Grants=program.grant_members, Tickets=program.ticket_members)
def the_manual_has_every_member_of(members):
    title = {program.grant_members: "Grants", program.ticket_members: "Tickets"}[members]
    told = set(re.findall(r"(?m)^\.Ql (\w+)(?: [;,.])?$", "\n".join(manpages.section(MAIN, "HTTP", title))))
    known = set(members())
    equal(sorted(known - told), [], "members that the manual does not have")
    equal(sorted(told - known - {"id", "path", "expires_at", "HEAD"}), [], "members that there are not")


@test
def the_manual_has_every_kind_of_error_with_its_status_and_exit_code():
    rows = [re.match(r"Ic (\w+) Ta (\S+) Ta (\S+(?:, \d+)?) Ta (\S.*)$", words)
            for words, _, _ in manpages.items(manpages.section(MAIN, "EXIT STATUS")) if words.startswith("Ic")]
    true(all(rows), "a row of the table of kinds is of another form")
    told = {row.group(1): (row.group(2), row.group(3)) for row in rows}
    known = program.kinds()
    equal(sorted(told), sorted(known))
    for kind, (status, codes) in told.items():
        if status != "\\(en":
            equal({int(status)}, known[kind][0], kind)
        if codes != "\\(en":
            equal({int(code) for code in codes.split(", ")}, known[kind][1], kind)


@test
def the_manual_has_every_member_of_a_receipt():
    told = sorted(manpages.names(manpages.section(MAIN, "HTTP", "Receipts")))
    with Server({"one": "SELECT 1 AS a"}) as s:
        equal(told, sorted(s.receipt(s.get("/exports/one.csv").run_id)))


@test
def the_manual_has_every_metric_in_the_words_of_its_help_line():
    told = {names[0]: manpages.plain(" ".join(text)) for _, names, text in manpages.items(manpages.section(MAIN, "METRICS"))}
    with Server({"one": "SELECT 1 AS a"}) as s:
        text = s.get("/metrics", admin=True).body.decode()
    known = dict(re.findall(r"(?m)^# HELP (\S+) (.*)$", text))
    equal(sorted(told), sorted(known))
    for name, words in told.items():
        equal(words, known[name], name)


@test
def the_manual_has_every_field_of_a_finished_export():
    told = set(re.findall(r"(?m)^\.Ql (\w+)(?: |$)", "\n".join(manpages.section(MAIN, "LOG"))))
    with Server({"one": "SELECT 1 AS a", "bad": "SELECT * FROM missing"}) as s:
        equal((s.get("/exports/one.csv").status, s.get("/exports/bad.csv").status), (200, 500))
        lines = eventually(lambda: s.run_lines() if len(s.run_lines()) == 2 else None)
    found = set().union(*lines) - {"time", "level", "msg"}
    equal(sorted(found - told), [], "fields that the manual does not have")
    equal(sorted(told - found), [], "fields that no line had")


@test
def the_manual_has_every_signal():
    told = [name for _, names, _ in manpages.items(manpages.section(MAIN, "SIGNALS")) for name in names]
    equal(sorted(told), sorted(program.signals()))


main()
