"""Stories: the grammar of tests/oracle/stories/*.story, and running one against a server.

    # Comment lines say what the story shows.
    ### a step's name
    POST /api/v1/namespaces/{ns}/configmaps?dryRun=All
    Accept: application/json

    {"apiVersion": "v1", "kind": "ConfigMap", ...}
    > uid = metadata.uid

A step is a request line, headers up to an empty line, a body up to the next step, and lines that
begin with "> " and keep a field of the answer as a variable.  {ns} is the story's own namespace,
{NAME} a kept variable, in paths, headers and bodies alike; braces around anything else are text.
PATCH+json, +merge, +strategic and +apply stand for PATCH with that media type; a body that is one
line "@FILE" is the bytes of bodies/FILE, in which NAMESPACE_PLACEHOLDER stands for {ns}.
{x*1000} is the letter x, 1000 times.
"""

import json
import os
import random
import re

HERE = os.path.dirname(os.path.abspath(__file__))
NAMESPACE_PLACEHOLDER = b"oracle-nsnsn"  # as long as every story's namespace
PATCH_TYPES = {
    "PATCH+json": "application/json-patch+json",
    "PATCH+merge": "application/merge-patch+json",
    "PATCH+strategic": "application/strategic-merge-patch+json",
    "PATCH+apply": "application/apply-patch+yaml",
}
KEPT_HEADERS = ("Content-Type", "Warning", "Retry-After", "Allow", "Location", "Cache-Control")


class StoryError(Exception):
    """A story that does not follow the grammar, or cannot go on."""


class Step:
    """One request of a story."""

    def __init__(self, name, where):
        self.name, self.where = name, where
        self.method = self.path = ""
        self.headers, self.body_lines, self.keeps = {}, [], []

    def body_text(self):
        return "\n".join(self.body_lines).strip("\n")


def parse(path):
    """The steps of one story file."""
    steps, state = [], "comment"
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    for number, line in enumerate(lines, 1):
        where = "%s:%d" % (os.path.basename(path), number)
        if line.startswith("### "):
            steps.append(Step(line[4:].strip(), where))
            state = "request"
        elif state == "comment":
            if line and not line.startswith("#"):
                raise StoryError("%s: neither a comment nor a step" % where)
        elif state == "request":
            match = re.fullmatch(r"([A-Z]+(?:\+[a-z]+)?) (/\S*)", line)
            if match is None:
                raise StoryError("%s: METHOD /path expected" % where)
            steps[-1].method, steps[-1].path = match.groups()
            state = "headers"
        elif state == "headers" and line:
            name, colon, value = line.partition(": ")
            if line.startswith("> "):
                keep(steps[-1], line, where)
            elif not colon:
                raise StoryError("%s: Header: value expected" % where)
            else:
                steps[-1].headers[name] = value
        elif state == "headers":
            state = "body"
        elif line.startswith("> "):
            keep(steps[-1], line, where)
        else:
            steps[-1].body_lines.append(line)
    names = [step.name for step in steps]
    for name in names:
        if names.count(name) > 1:
            raise StoryError("%s: two steps are named '%s'" % (path, name))
    return steps


def keep(step, line, where):
    match = re.fullmatch(r"> (\w+) = (\S+)", line)
    if match is None:
        raise StoryError("%s: > NAME = path.to.field expected" % where)
    step.keeps.append(match.groups())


def fill(text, variables):
    """text with {NAME} replaced where NAME is a variable, and {x*N} by N times x."""
    text = re.sub(r"\{(.)\*(\d+)\}", lambda m: m.group(1) * int(m.group(2)), text)
    return re.sub(r"\{(\w+)\}", lambda m: variables.get(m.group(1), m.group(0)), text)


def field(value, path):
    """The field at "a.b[0].c" of a parsed answer; None when there is none."""
    for part in re.findall(r"[^.\[\]]+|\[\d+\]", path):
        if part.startswith("["):
            index = int(part[1:-1])
            value = value[index] if isinstance(value, list) and index < len(value) else None
        else:
            value = value.get(part) if isinstance(value, dict) else None
    return value


def body_bytes(step, variables):
    text = step.body_text()
    if text.startswith("@") and "\n" not in text:
        with open(os.path.join(HERE, "bodies", text[1:]), "rb") as file:
            return file.read().replace(NAMESPACE_PLACEHOLDER, variables["ns"].encode())
    return fill(text, variables).encode()


def read_body(raw, content_type):
    """What an answer's bytes mean: JSON, a list of frames of a watch, or text."""
    if not raw:
        return {}
    text = raw.decode("utf-8", "backslashreplace")
    if "json" not in content_type:
        return {"text": text}
    try:
        return {"json": json.loads(text)}
    except ValueError:
        pass
    try:
        return {"frames": [json.loads(line) for line in text.splitlines()]}
    except ValueError:
        return {"text": text}


def run_step(step, client, variables):
    """Sends one step; the answer as it is recorded."""
    headers = {name: fill(value, variables) for name, value in step.headers.items()}
    method = step.method
    body = body_bytes(step, variables)
    if method in PATCH_TYPES:
        headers.setdefault("Content-Type", PATCH_TYPES[method])
        method = "PATCH"
    if body:
        headers.setdefault("Content-Type", "application/json")
    headers.setdefault("Accept", "application/json")
    path = fill(step.path, variables)
    status, answered, raw = client.ask(method, path, headers, body or None)
    raw = raw.replace(variables["ns"].encode(), b"{ns}")
    answer = {
        "step": step.name,
        "status": status,
        "headers": {
            name: [value.replace(variables["ns"], "{ns}") for value in values]
            for name in KEPT_HEADERS
            for values in [answered.get_all(name)]
            if values
        },
    }
    answer.update(read_body(raw, answered.get("Content-Type", "")))
    for name, where in step.keeps:
        value = field(answer.get("json", answer.get("frames")), where)
        if value is None:
            variables[name] = "missing-" + name
        else:
            variables[name] = str(value).replace("{ns}", variables["ns"])
    return answer


def namespace_name():
    return "oracle-" + "".join(random.choice("bcdfghjklmnpqrstvwxz2456789") for _ in range(5))


def prepare(client, namespace):
    """A namespace, and the account that every pod in it runs as."""
    wanted = (
        ("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace",
                                "metadata": {"name": namespace}}),
        ("/api/v1/namespaces/%s/serviceaccounts" % namespace,
         {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}),
    )
    for path, body in wanted:
        status, _, raw = client.ask("POST", path, {"Content-Type": "application/json"},
                                    json.dumps(body).encode())
        if status not in (201, 409):
            raise StoryError("POST %s: %d %s" % (path, status, raw.decode(errors="replace")))


def run(steps, client):
    """The answers to all steps, in a namespace of their own."""
    variables = {"ns": namespace_name()}
    prepare(client, variables["ns"])
    return [run_step(step, client, variables) for step in steps]


def story_files(names):
    """(name, path) of the stories named, or of all."""
    folder = os.path.join(HERE, "stories")
    all_names = sorted(f[:-len(".story")] for f in os.listdir(folder) if f.endswith(".story"))
    return [(name, os.path.join(folder, name + ".story")) for name in (names or all_names)]


def answers_path(name):
    return os.path.join(HERE, "answers", name + ".json")
