"""Comparing a recorded answer with a fresh one, after normalise.tsv.

Both answers are normalised alike; everything else must be equal, the order of keys included.
"""

import difflib
import json
import os
import re

import oracle_story

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TIMES = (
    ("a time", re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")),
    ("a time in microseconds", re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")),
)
AGE = re.compile(r"<invalid>|\d+[smhd](\d+[smh])?")
REVISIONS = re.compile(r"(, current: |too old resource version: \d+ \()\d+")
VERSIONS = re.compile(r"(?<=\()\d+(?=\))|(?<=resourceVersion\\\":\\\")\d+")
TOKEN_VOLUME = re.compile(r"kube-api-access-[bcdfghjklmnpqrstvwxz2456789]{5}")
ADDRESS = re.compile(r"10\.96\.\d+\.\d+")
GENERATED = re.compile(r"[bcdfghjklmnpqrstvwxz2456789]{5}$")


class Side:
    """The values of one server that were seen in a story: equal values get equal names.

    A name says at which step the value was seen first, so that one difference does not rename all
    that comes after it.
    """

    def __init__(self):
        self.names = {}
        self.step, self.count = "", 0

    def begin(self, step):
        self.step, self.count = step, 0

    def alias(self, what, value):
        known = self.names.setdefault(what, {})
        if value not in known:
            self.count += 1
            known[value] = "%s of '%s' %d" % (what, self.step, self.count)
        return known[value]


def rule_uid(value, side):
    if isinstance(value, str) and UUID.fullmatch(value):
        return side.alias("uid", value)
    return value


def rule_version(value, side):
    if isinstance(value, str) and value.isdigit() and value != "0":
        return side.alias("version", value)
    return value


def rule_revision(value, _):
    """The store's revision: other writes move it too."""
    return "a revision" if isinstance(value, str) and value.isdigit() else value


def rule_time(value, _):
    for name, pattern in TIMES:
        if isinstance(value, str) and pattern.fullmatch(value):
            return name
    return value


def rule_age(value, _):
    return "an age" if isinstance(value, str) and AGE.fullmatch(value) else rule_time(value, _)


def rule_generated(value, _):
    """metadata whose name was made from generateName."""
    if isinstance(value, dict) and "generateName" in value and "name" in value:
        return {**value, "name": GENERATED.sub("<generated>", value["name"])}
    return value


def rule_address(value, _):
    return "<service address>" if isinstance(value, str) and ADDRESS.fullmatch(value) else value


def rule_node_port(value, _):
    is_one = isinstance(value, int) and 30000 <= value <= 32767
    return "<node port>" if is_one else value


def rule_token_volume(value, _):
    is_one = isinstance(value, str) and TOKEN_VOLUME.fullmatch(value)
    return "kube-api-access-<generated>" if is_one else value


def rule_text(value, side):
    """uids, times and versions that a text repeats."""
    if not isinstance(value, str):
        return value
    value = UUID.sub(lambda match: side.alias("uid", match.group(0)), value)
    for name, pattern in TIMES:
        value = pattern.sub(name, value)
    value = REVISIONS.sub(r"\1<revision>", value)
    versions = side.names.get("version", {})
    return VERSIONS.sub(lambda match: versions.get(match.group(0), match.group(0)), value)


def rule_keys(value, side):
    """Keys, at any depth, that name uids."""
    if isinstance(value, dict):
        return {rule_text(key, side): rule_keys(inner, side) for key, inner in value.items()}
    return value


def read_not_served():
    with open(os.path.join(oracle_story.HERE, "not_served.txt"), encoding="utf-8") as file:
        return {line.strip() for line in file if not line.startswith("#")}


def rule_served(value, _):
    """An APIResourceList without the resources that binnacle has not."""
    if not isinstance(value, dict) or value.get("kind") != "APIResourceList":
        return value
    kept = [one for one in value["resources"]
            if value["groupVersion"] + "/" + one["name"] not in NOT_SERVED]
    return {**value, "resources": kept}


def rule_entries(value, _):
    """managedFields are in the order of their seconds, which depends on how fast a story ran."""
    if not isinstance(value, list):
        return value
    names = ("operation", "manager", "apiVersion", "subresource")
    return sorted(value, key=lambda entry: [str(entry.get(name)) for name in names])


def rule_any(value, _):
    return "<%s>" % type(value).__name__


NOT_SERVED = read_not_served()
RULES = {
    "uid": rule_uid,
    "version": rule_version,
    "revision": rule_revision,
    "time": rule_time,
    "age": rule_age,
    "generated": rule_generated,
    "address": rule_address,
    "node-port": rule_node_port,
    "token-volume": rule_token_volume,
    "text": rule_text,
    "entries": rule_entries,
    "keys": rule_keys,
    "served": rule_served,
    "any": rule_any,
}


def read_paths():
    """[(path as a tuple, rule)] of normalise.tsv"""
    paths = []
    with open(os.path.join(oracle_story.HERE, "normalise.tsv"), encoding="utf-8") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                path, rule = line.split()
                paths.append((tuple(path.split("/")), RULES[rule]))
    return paths


def matches(pattern, path):
    return len(pattern) == len(path) and all(
        want in ("*", have) for want, have in zip(pattern, path))


class Compare:
    """The steps of one story, in order."""

    def __init__(self):
        self.paths = read_paths()
        self.sides = (Side(), Side())

    def normal(self, value, path, side):
        for pattern, rule in self.paths:
            if matches(pattern, path):
                value = rule(value, side)
        if isinstance(value, dict):
            return {key: self.normal(inner, self.inside(path, key, value), side)
                    for key, inner in value.items()}
        if isinstance(value, list):
            return [self.normal(inner, () if path == ("items",) else path + ("[]",), side)
                    for inner in value]
        return value

    @staticmethod
    def root(value):
        """Where the paths of an object begin: "list" for what holds others, else nothing."""
        kind = value.get("kind", "") if isinstance(value, dict) else ""
        return ("list",) if kind.endswith("List") or kind == "Table" else ()

    @classmethod
    def inside(cls, path, key, holder):
        """Objects inside lists, Tables and watch frames are read as objects of their own."""
        if path == ("list",) and key == "items":
            return ("items",)
        if key == "object" and ("cells" in holder or "type" in holder) and len(holder) <= 3:
            is_bookmark = holder.get("type") == "BOOKMARK"
            return ("bookmark",) if is_bookmark else cls.root(holder[key])
        return path + (key,)

    def text(self, answer, side):
        """The whole answer as lines."""
        lines = ["status: %d" % answer["status"]]
        for name, values in answer["headers"].items():
            for value in values:
                value = self.normal(value, ("header", name), side)
                lines.append("%s: %s" % (name, value))
        if "text" in answer:
            lines += self.normal(answer["text"], ("text",), side).split("\n")
        for body in answer.get("frames", [answer["json"]] if "json" in answer else []):
            lines += json.dumps(self.normal(body, self.root(body), side), indent=1,
                                ensure_ascii=False).split("\n")
        return lines

    def difference(self, want, have):
        """Lines that say what differs; empty when nothing does."""
        for side in self.sides:
            side.begin(want["step"])
        sides = (self.text(want, self.sides[0]), self.text(have, self.sides[1]))
        if sides[0] == sides[1]:
            return []
        return list(difflib.unified_diff(*sides, "kubernetes", "binnacle", n=3, lineterm=""))
