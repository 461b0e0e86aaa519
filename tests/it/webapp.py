"""Web servers for the proxies to talk to and certificates for them to show."""

import http.server
import subprocess
import threading

from tap import at_end, equal


class Application:
    """An HTTP server on a free port that answers every request alike and remembers what came.

    .requests holds (method, target, headers, body), the headers as a list of (name in lower case, value).
    cut: each answer promises more than comes before the connection closes. silent: it closes without an answer.
    """

    def __init__(self, headers=(), body=b"", cut=False, silent=False):
        self.requests = requests = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                got = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                requests.append((self.command, self.path, [(k.lower(), v) for k, v in self.headers.items()], got))
                self.close_connection = self.close_connection or cut or silent
                if silent:
                    return
                self.send_response(200)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body) + cut))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_HEAD = do_POST = do_DELETE = answer

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = "127.0.0.1:%d" % self.server.server_address[1]

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        at_end(self.close)
        return self

    def __exit__(self, *trouble):
        self.close()

    def close(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None


def certificate(prefix):
    """Makes PREFIX.crt and PREFIX.key, and PREFIX.pem with both, for localhost; returns the three names."""
    crt, key, pem = prefix + ".crt", prefix + ".key", prefix + ".pem"
    done = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", crt],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    equal(done.returncode, 0, "openssl: %r" % done.stdout)
    with open(pem, "w") as out:
        for name in (crt, key):
            with open(name) as part:
                out.write(part.read())
    return crt, key, pem
