#!/usr/bin/env python3
"""The service under systemd: what it tells, its watchdog, and sockets that were opened for it."""

import os
import signal
import socket
import threading
import time

from harness import *
from peers import *
from systemd import Manager, hand_over, hung_thread, listening

EXPORTS = {
    "small": "SELECT 1 AS one",
    "gated": rows(20000, gated("g = 6000", 7)),
}
DATABASE = {"database": PATIENT}
WATCHDOG = 0.8


def service(manager=None, config=None, **more):
    env = {**(manager.env if manager else {}), **more.pop("env", {})}
    return Server(EXPORTS, {**DATABASE, **(config or {})}, env=env, **more)


# What is told

@each(path=False, abstract=True)
def it_says_ready_once_and_then_it_answers(abstract):
    manager = Manager(abstract=abstract)
    with service(manager) as s:
        manager.wait(lambda m: m.get("READY") == "1")
        equal(s.get("/exports/small.csv").status, 200)
        manager.wait_status("0 running, 0 waiting")
        equal(manager.count("READY"), 1)
        equal(manager.count("WATCHDOG"), 0, "signs of life that nobody asked for")


@test
def it_is_not_ready_when_it_cannot_start():
    manager = Manager()
    done = run("serve", config={"server": {"listen": "127.0.0.1:0", "nonsense": "1"}}, env=manager.env)
    equal(done.code, 78, done)
    equal(manager.count("READY"), 0)


@test
def a_reload_is_told_with_its_beginning_and_its_end():
    manager = Manager()
    with service(manager) as s:
        first = manager.wait(lambda m: "READY" in m)
        before = time.monotonic()
        s.process.send_signal(signal.SIGHUP)
        begun = manager.wait(lambda m: m.get("RELOADING") == "1", first + 1)
        ended = manager.wait(lambda m: m.get("READY") == "1", first + 1)
        true(begun < ended, manager.diagnostics())
        told = int(manager.heard[begun][1]["MONOTONIC_USEC"]) / 1000000
        true(before - 0.001 <= told <= time.monotonic(), "MONOTONIC_USEC %f, now %f" % (told, time.monotonic()))


@test
def a_reload_that_fails_is_told_in_the_status_until_one_goes_well():
    manager = Manager()
    with service(manager) as s:
        manager.wait(lambda m: "READY" in m)
        good = s.workspace.read("pgsluice.conf")
        s.workspace.write("pgsluice.conf", good + b"\n[nonsense]\n")
        s.process.send_signal(signal.SIGHUP)
        failed = manager.wait(lambda m: "the last reload failed" in m.get("STATUS", ""))
        true(any("READY" in m for _, m in manager.heard[failed - 1:failed]), manager.diagnostics())
        s.workspace.write("pgsluice.conf", good)
        s.process.send_signal(signal.SIGHUP)
        manager.wait(lambda m: m.get("STATUS") == "0 running, 0 waiting", failed)


@test
def the_status_tells_how_many_run_and_wait():
    manager = Manager(watchdog=WATCHDOG)
    with service(manager, {"database": {**PATIENT, "max_exports": 1}}) as s, Gate(7) as gate:
        first = Reader(s, "/exports/gated.csv")
        gate.reached()
        second = Reader(s, "/exports/small.csv", head=False)
        manager.wait_status("1 running, 1 waiting")
        gate.open()
        true(first.read_message().complete and second.read_message().complete)
        manager.wait(lambda m: m.get("STATUS") == "0 running, 0 waiting", manager.wait_status("1 running, 1 waiting"))


@test
def stopping_is_told_at_once_with_the_time_that_it_may_take():
    manager = Manager(watchdog=WATCHDOG)
    with service(manager, {"server": {"drain_timeout": "40s"}}) as s, Gate(7) as gate:
        reader = Reader(s, "/exports/gated.csv")
        gate.reached()
        s.process.terminate()
        told = manager.heard[manager.wait(lambda m: m.get("STOPPING") == "1")][1]
        true(40 <= int(told["EXTEND_TIMEOUT_USEC"]) / 1000000 <= 60, told)
        manager.wait_status("draining: 1 running, 0 waiting")
        gate.open()
        true(reader.read_message().complete)


@test
def a_manager_that_does_not_read_stops_nothing():
    w = Workspace()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as filler:
        deaf.bind(w.path("notify"))
        filler.setblocking(False)
        try:
            while True:
                filler.sendto(b"x", w.path("notify"))
        except BlockingIOError:
            pass
        env = {"NOTIFY_SOCKET": w.path("notify"), "WATCHDOG_USEC": int(WATCHDOG * SLOW * 1000000)}
        with service(env=env) as s:
            s.process.send_signal(signal.SIGHUP)
            s.wait_log("msg=reloaded")
            equal(s.get("/exports/small.csv").body, b"one\n1\n")
            s.process.terminate()
            s.wait_log("msg=stopped")


# The watchdog

def pings(manager, n):
    """The next n signs of life: the longest time between two."""
    first = manager.count("WATCHDOG")
    eventually(lambda: manager.count("WATCHDOG") >= first + n, 20, "%d signs of life" % n)
    times = [at for at, m in list(manager.heard) if "WATCHDOG" in m][first:first + n]
    return max(b - a for a, b in zip(times, times[1:]))


@test
def an_idle_service_gives_signs_of_life_in_time():
    manager = Manager(watchdog=WATCHDOG)
    with service(manager):
        true(pings(manager, 8) < WATCHDOG * SLOW, manager.diagnostics())


@test
def a_service_that_drains_gives_signs_of_life_in_time():
    manager = Manager(watchdog=WATCHDOG)
    with service(manager) as s, Gate(7) as gate:
        reader = Reader(s, "/exports/gated.csv")
        gate.reached()
        s.process.terminate()
        manager.wait(lambda m: "STOPPING" in m)
        true(pings(manager, 8) < WATCHDOG * SLOW, manager.diagnostics())
        gate.open()
        true(reader.read_message().complete)


@test
def a_hung_reaper_gives_no_sign_of_life():
    manager = Manager(watchdog=WATCHDOG)
    with service(manager) as s:
        pings(manager, 2)
        with hung_thread(s.pid, "reaper"):
            s.wait_log("the reaper does not answer")
            before = manager.count("WATCHDOG")
            # Not a wait for something to happen, but a look that nothing does.
            time.sleep(WATCHDOG * SLOW)
            equal(manager.count("WATCHDOG"), before, "signs of life")
        pings(manager, 2)


@test
def a_watchdog_that_waits_for_another_process_gets_nothing():
    manager = Manager(watchdog=WATCHDOG)
    with service(manager, env={"WATCHDOG_PID": "1"}):
        manager.wait(lambda m: "READY" in m)
        time.sleep(WATCHDOG * SLOW)
        equal(manager.count("WATCHDOG"), 0)


# Sockets

def address(s):
    return "127.0.0.1:%d" % s.getsockname()[1]


@test
def sockets_take_the_place_of_the_addresses_by_their_names():
    public, admin, other = listening(), listening(), listening()
    with service(**hand_over([admin, public, other], "admin:public:public")) as s:
        equal(s.listeners, {"public": [address(public), address(other)], "admin": [address(admin)]})
        equal(s.get("/exports/small.csv").body, b"one\n1\n")
        equal(s.get("/healthz", admin=True).status, 200)


@test
def what_is_not_handed_over_is_opened():
    public = listening()
    with service(**hand_over([public], "public")) as s:
        equal(s.listeners["public"], [address(public)])
        true(s.admin_address != address(public))
        equal(s.get("/healthz", admin=True).status, 200)


@test
def a_socket_without_a_name_is_the_public_one():
    public = listening()
    with service(**hand_over([public])) as s:
        equal(s.listeners["public"], [address(public)])
        equal(s.get("/exports/small.csv").status, 200)


@test
def a_unix_socket_that_was_handed_over_is_never_removed():
    workspace = Workspace(EXPORTS, "[server]\nadmin_listen = 127.0.0.1:0\n[access]\nanonymous = on\n")
    path = workspace.path("public.sock")
    held = listening(path)
    for _ in range(2):
        with Server(workspace=workspace, **hand_over([held], "public")) as s:
            equal(s.listeners["public"], ["unix:" + path])
            equal(s.get("/exports/small.csv").status, 200)
        true(workspace.exists("public.sock"), "the socket's file has gone")


@test
def a_tickets_socket_can_be_handed_over():
    workspace = Workspace(EXPORTS, "[server]\nlisten = 127.0.0.1:0\nadmin_listen = 127.0.0.1:0\n"
                          "[access]\nanonymous = on\n[tickets]\nlisten = unix:tickets\nsecret_file = secret\n"
                          "dsn = user=postgres application_name=tickets\n", files={"secret": "s" * 40})
    held = listening(workspace.path("handed.sock"))
    with Server(workspace=workspace, **hand_over([held], "tickets")) as s:
        equal(s.listeners["tickets"], ["unix:" + workspace.path("handed.sock")])
        true(not workspace.exists("tickets"), "the address of the configuration was opened as well")
        with socket.socket(socket.AF_UNIX) as c:
            c.connect(workspace.path("handed.sock"))
            c.sendall(b"GET /tickets HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            contains(c.recv(4096), b" 405 ")


def refused(sockets, names="-", config="[server]\nlisten = 127.0.0.1:0\nadmin_listen = 127.0.0.1:0\n", env=None):
    """What a service says that does not start with these sockets."""
    more = hand_over(sockets, names)
    workspace = Workspace(EXPORTS, config)
    process = subprocess.Popen(more["wrapper"] + [PGSLUICE, "serve", "-c", workspace.config], pass_fds=more["pass_fds"],
                               stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=child_env(env))
    at_end(process.kill)
    err = process.communicate(timeout=20 * SLOW)[1].decode()
    equal(process.returncode, 78, err)
    return err


@test
def a_name_that_is_not_known_is_an_error_that_says_what_to_write():
    contains(refused([listening()], "pgsluice.socket"), "FileDescriptorName=")


@test
def what_is_no_listening_socket_is_an_error():
    pair = socket.socketpair()
    contains(refused([pair[0]], "public"), "no listening stream socket")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(("127.0.0.1", 0))
        contains(refused([datagrams], "public"), "no listening stream socket")


@test
def an_admin_socket_that_is_open_to_the_network_needs_a_token():
    contains(refused([listening(address="0.0.0.0")], "admin"), "admin_token")


@test
def a_tickets_socket_needs_its_section_and_is_a_unix_socket():
    contains(refused([listening()], "tickets"), "[tickets]")


@test
def sockets_for_another_process_are_left_alone():
    held = listening()
    with service(env={"LISTEN_PID": "1"}, **hand_over([held], "public")) as s:
        true(s.address != address(held), "it has taken another's socket")


@test
def while_it_drains_connections_wait_for_the_next_process():
    held = listening()
    with service(**hand_over([held], "public")) as old, Gate(7) as gate:
        c = curl(old.url + "/exports/gated.csv")
        gate.reached()
        old.process.terminate()
        old.wait_log("msg=stopping")
        waits = Reader(old, "/exports/small.csv", head=False)
        true(waits.silent(0.5), "it was answered or turned away")
        gate.open()
        equal(c.wait(), 0, c.head)
        equal(c.body.count(b"\n"), 20001)
        old.process.wait(20)
        true(waits.silent(0.1), "the end of the process was seen")
        with service(**hand_over([held], "public")):
            waits.read_message()
            equal(waits.status, 200)
            true(waits.message.complete)


@test
def restarts_lose_no_request_of_clients_that_keep_coming():
    held = listening()
    stop, bad, good = threading.Event(), [], []

    def client():
        while not stop.is_set():
            with socket.create_connection(held.getsockname(), timeout=30) as s:
                s.sendall(b"GET /exports/small.csv HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                data = b""
                try:
                    while piece := s.recv(65536):
                        data += piece
                except OSError as trouble:
                    data += str(trouble).encode()
            whole = Message(data).complete and Message(data).body == b"one\n1\n"
            (good if whole else bad).append(data)
    clients = [threading.Thread(target=client) for _ in range(4)]
    try:
        for n in range(6):
            with service(**hand_over([held], "public")):
                if n == 0:
                    [c.start() for c in clients]
                before = len(good)
                eventually(lambda: len(good) > before + 20, 20, "requests go well")
    finally:
        stop.set()
        # Who still waits is answered by the last one.
        with service(**hand_over([held], "public")):
            [c.join() for c in clients if c.ident]
    note("%d good, %d not" % (len(good), len(bad)))
    # Who was accepted in the very moment of the signal is told to come again; nobody is dropped.
    equal([b for b in bad if Message(b).status != 503 or not Message(b).complete], [], "requests were lost")
    true(len(bad) <= len(clients) * 6, "%d requests were told to come again" % len(bad))


main()
