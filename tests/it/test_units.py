#!/usr/bin/env python3
"""What systemd reads: units, users and folders, checked by systemd's own programs, and the unit's commands as written."""

import shlex
import stat

from harness import *
from systemd import Manager

ETC = os.path.join(TOP, "etc")
EXPOSURE = 15  # tenths: systemd-analyze's own scale ends at 100


def unit(name):
    """The settings of a unit, in order: [(key, value)]."""
    with open(os.path.join(ETC, "systemd", name), encoding="utf-8") as f:
        lines = [line.strip() for line in f if re.match(r"[A-Z]", line)]
    return [tuple(line.split("=", 1)) for line in lines]


def setting(name, key):
    values = [v for k, v in unit(name) if k == key]
    equal(len(values), 1, "%s= in %s" % (key, name))
    return values[0]


def tool(*command):
    """Runs a program of systemd's; its exit code and all that it printed."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env=dict(os.environ, SYSTEMD_PAGER="", SYSTEMD_COLORS="0"), timeout=60 * SLOW)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def units_here():
    """A folder with our units, which name the program under test."""
    w = Workspace()
    for name in sorted(os.listdir(os.path.join(ETC, "systemd"))):
        with open(os.path.join(ETC, "systemd", name), encoding="utf-8") as f:
            w.write(name, f.read().replace("/usr/bin/pgsluice", PGSLUICE))
    return w


@test
def systemd_finds_nothing_to_say_about_the_units():
    w = units_here()
    code, printed = tool("systemd-analyze", "verify", "--man=no", w.path("pgsluice.service"), w.path("pgsluice.socket"))
    equal((code, printed), (0, ""))


@test
def the_checker_would_say_so():
    w = units_here()
    with open(w.path("pgsluice.service"), "a", encoding="utf-8") as f:
        f.write("[Service]\nProtectEverything=yes\n")
    contains(tool("systemd-analyze", "verify", "--man=no", w.path("pgsluice.service"))[1], "ProtectEverything")


@test
def the_sandbox_leaves_little_exposed():
    code, printed = tool("systemd-analyze", "security", "--offline=yes", "--no-pager", "--threshold=%d" % EXPOSURE,
                         os.path.join(ETC, "systemd", "pgsluice.service"))
    equal(code, 0, printed[-300:])
    score = float(matches(printed, r"exposure level for pgsluice.service: ([0-9.]+)").group(1))
    true(0 < score <= EXPOSURE / 10, "%g" % score)


@test
def the_start_command_and_the_reload_command_work_as_written():
    w = Workspace({"small": "SELECT 1 AS one"}, {"server": {"listen": "127.0.0.1:0", "admin_listen": "127.0.0.1:0"},
                                                 "access": {"anonymous": "on"}})
    command = shlex.split(setting("pgsluice.service", "ExecStart").replace("/usr/bin/pgsluice", PGSLUICE)
                          .replace("/etc/pgsluice/pgsluice.conf", w.config))
    equal(command, [PGSLUICE, "serve", "-c", w.config])
    equal(setting("pgsluice.service", "Type"), "notify")
    manager = Manager(watchdog=int(setting("pgsluice.service", "WatchdogSec").rstrip("s")))
    with Server(workspace=w, env=manager.env) as s:
        manager.wait(lambda m: m.get("READY") == "1")
        reload = setting("pgsluice.service", "ExecReload").replace("$MAINPID", str(s.pid))
        equal(subprocess.run(shlex.split(reload)).returncode, 0)
        manager.wait(lambda m: m.get("RELOADING") == "1")
        s.wait_log("msg=reloaded")


@test
def a_start_that_cannot_go_well_is_not_tried_again():
    done = run("serve", config="[nonsense]\n")
    true(str(done.code) in setting("pgsluice.service", "RestartPreventExitStatus").split(), done)


@test
def the_socket_unit_hands_over_the_public_listener():
    equal(setting("pgsluice.socket", "FileDescriptorName"), "public")
    path = setting("pgsluice.socket", "ListenStream")
    equal(os.path.dirname(path), "/run/" + setting("pgsluice.service", "RuntimeDirectory"))
    equal(setting("pgsluice.service", "RuntimeDirectoryPreserve"), "yes", "or the socket's file goes with the service")


def recipe(name):
    """The drop-in that a unit's comment shows, as `systemctl edit` takes it."""
    with open(os.path.join(ETC, "systemd", name), encoding="utf-8") as f:
        return re.search(r"(?m)^#     \[Service\]\n(#     .+\n)+", f.read()).group().replace("#     ", "")


@test
def systemd_takes_the_recipe_for_a_password_that_only_root_can_read():
    w = units_here()
    equal(recipe("pgsluice-run@.service"), recipe("pgsluice.service"))
    for name in "pgsluice.service", "pgsluice-run@.service":
        w.write(name + ".d/override.conf", recipe(name))
    written = ("verify", "--man=no", w.path("pgsluice.service"), w.path("pgsluice-run@orders.service"))
    equal(tool("systemd-analyze", *written), (0, ""))
    w.write("pgsluice-run@.service.d/override.conf", recipe("pgsluice-run@.service").replace(":/etc", ":etc/"))
    contains(tool("systemd-analyze", *written)[1], "override.conf")


@test
def the_recipe_for_a_password_leaves_the_configuration_to_cron():
    name, credential = re.search(r"(?m)^LoadCredential=(\w+):(/.+)$", recipe("pgsluice.service")).groups()
    environment = dict([re.search(r"(?m)^Environment=(\w+)=(.+)$", recipe("pgsluice.service")).groups()])
    exports = {"whose": "SELECT current_setting('application_name') LIKE 'pgsluice%' AS ours, "
                        "current_setting('its.file', true) AS file"}
    w = Workspace(exports, {"server": {"listen": "127.0.0.1:0", "admin_listen": "127.0.0.1:0"}, "access": {"anonymous": "on"}},
                  files={"credentials/" + name: "options='-c its.file=credential'\n"})
    # As systemd does it: the directory is the unit's own, and nobody else's.
    env = {key: value.replace("%d", w.path("credentials")) for key, value in environment.items()}
    with Server(workspace=w, env=env) as s:
        equal(s.get("/exports/whose.csv").body, b"ours,file\nt,credential\n")
    for env, file in (env, "credential"), (None, ""):
        done = run("run", "whose", workspace=w, env=env)
        equal((done.code, done.out.decode()), (0, "ours,file\nt,%s\n" % file), done)


def folders():
    """What tmpfiles.d makes: {path: (mode, user, group)}."""
    with open(os.path.join(ETC, "tmpfiles.d", "pgsluice.conf"), encoding="utf-8") as f:
        lines = [line.split() for line in f if line.startswith("d ")]
    return {path: (mode, user, group) for _, path, mode, user, group, _ in lines}


@test
def folders_that_samples_write_into_are_made_before_the_first_run():
    with open(os.path.join(ETC, "cron.d", "pgsluice"), encoding="utf-8") as f:
        wanted = {os.path.dirname(path) for path in re.findall(r"(?:-o|--receipt) '?(/[^ ']+)", f.read())}
    true(wanted and wanted <= set(folders()), "%s of %s" % (wanted, folders()))
    state = "/var/lib/" + setting("pgsluice-run@.service", "StateDirectory")
    equal(folders()[state], (setting("pgsluice-run@.service", "StateDirectoryMode"),
                             setting("pgsluice-run@.service", "User"), setting("pgsluice-run@.service", "Group")))


@test
def the_user_and_the_folder_are_made_as_the_unit_needs_them():
    w = Workspace()
    root = w.path("root")
    for name in "etc", "run", "usr/lib/sysusers.d":
        os.makedirs(os.path.join(root, name))
    # systemd's own groups are another package's.
    for file, line in ("passwd", "root:x:0:0:root:/root:/bin/bash\n"), ("group", "root:x:0:\n"):
        w.write("root/etc/" + file, line)
    code, printed = tool("systemd-sysusers", "--root=" + root, os.path.join(ETC, "sysusers.d", "pgsluice.conf"))
    equal(code, 0, printed)
    user = next(line.split(":") for line in w.read("root/etc/passwd").decode().splitlines() if line.startswith("pgsluice:"))
    true(0 < int(user[2]) < 1000, "a system user: %s" % user)
    contains(user[6], "nologin")
    equal((setting("pgsluice.service", "User"), setting("pgsluice.service", "Group")), ("pgsluice", "pgsluice"))

    if os.geteuid() != 0:
        # Who is not root can give a folder to nobody but himself: there he is this user.
        w.write("root/etc/passwd", "pgsluice:x:%d:%d::/:/bin/false\n" % (os.geteuid(), os.getegid()))
        w.write("root/etc/group", "pgsluice:x:%d:\n" % os.getegid())
        user[2] = os.geteuid()
    code, printed = tool("systemd-tmpfiles", "--root=" + root, "--create", os.path.join(ETC, "tmpfiles.d", "pgsluice.conf"))
    equal((code, printed), (0, ""))
    for folder, mode in (("run/pgsluice", setting("pgsluice.service", "RuntimeDirectoryMode")),
                         ("var/lib/pgsluice", setting("pgsluice-run@.service", "StateDirectoryMode"))):
        made = os.stat(os.path.join(root, folder))
        equal((stat.S_IMODE(made.st_mode), made.st_uid), (int(mode, 8), int(user[2])))


main()
