"""One HTTP/1.1 connection to an API server that a kubeconfig names, and starting binnacle."""

import base64
import http.client
import os
import re
import ssl
import subprocess
import tempfile
import urllib.parse

ANSWER_SECONDS = 30
SERVICE_CIDR = "10.96.0.0/16"  # as tests/conformance/kube has it


class Client:
    """Requests, one after the other, as the kubeconfig's user."""

    def __init__(self, kubeconfig):
        with open(kubeconfig, encoding="utf-8") as file:
            text = file.read()
        self.url = urllib.parse.urlsplit(entry(text, "server"))
        self.context = ssl.create_default_context(
            cadata=base64.b64decode(entry(text, "certificate-authority-data")).decode())
        with tempfile.TemporaryDirectory() as folder:
            files = []
            for key in ("client-certificate-data", "client-key-data"):
                files.append(os.path.join(folder, key))
                with open(files[-1], "wb") as file:
                    file.write(base64.b64decode(entry(text, key)))
            self.context.load_cert_chain(*files)
        self.connection = None

    def ask(self, method, path, headers, body):
        """(status, headers, body) of the answer."""
        for is_last in (False, True):
            fresh = self.connection is None
            if fresh:
                self.connection = http.client.HTTPSConnection(
                    self.url.hostname, self.url.port, timeout=ANSWER_SECONDS, context=self.context)
            try:
                headers = {"User-Agent": "oracle/1.0", **headers}
                self.connection.request(method, path, body=body, headers=headers)
                answer = self.connection.getresponse()
                return answer.status, answer.headers, answer.read()
            except (http.client.HTTPException, OSError):
                self.close()
                if is_last or fresh:
                    raise
        raise AssertionError("unreachable")

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


def entry(text, key):
    """The first value of a key in a kubeconfig with one cluster and one user."""
    match = re.search(r"^[\s-]*%s: *\"?([^\"\s]+)" % re.escape(key), text, re.MULTILINE)
    if match is None:
        raise SystemExit("the kubeconfig has no %s" % key)
    return match.group(1)


class Binnacle:
    """binnacle serve, without its loops, in a directory of its own; a context manager."""

    def __init__(self, program):
        self.folder = tempfile.TemporaryDirectory(prefix="binnacle-oracle.")
        data = os.path.join(self.folder.name, "data")
        self.log = open(os.path.join(self.folder.name, "log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [program, "serve", "--data-dir", data, "--listen", "127.0.0.1:0", "--controllers=",
             "--service-cidr", SERVICE_CIDR],
            stdout=subprocess.PIPE, stderr=self.log, text=True)
        if "ready" not in self.process.stdout.readline():
            self.process.wait()
            self.log.seek(0)
            raise SystemExit("binnacle serve did not start: " + self.log.read())
        self.kubeconfig = os.path.join(data, "admin.kubeconfig")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=ANSWER_SECONDS)
        self.log.close()
        self.process.stdout.close()
        self.folder.cleanup()

    def died(self):
        """Why the process is gone; None while it runs."""
        if self.process.poll() is None:
            return None
        self.log.seek(0)
        return "binnacle ended with %d: %s" % (self.process.returncode, self.log.read()[-2000:])
