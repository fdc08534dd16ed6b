# SPDX-License-Identifier: Apache-2.0
"""Reads the rule files of content/rules: the part of YAML that they are written in.

Items are `- rule: NAME`, `- macro: NAME`, `- list: NAME`; their keys are indented by two. A value is
plain text on the line, a folded block (`>`), or a list in brackets, which may go over several lines.
What is not that is an error, so that nothing is read wrongly in silence.
"""
import os
import re

ITEM = re.compile(r"^- (rule|macro|list|required_engine_version): (.+)$")
KEY = re.compile(r"^  ([a-z_-]+):(?: (.*))?$")


class RuleFileError(Exception):
    pass


def _items(text):
    """The words of a bracketed list; quoted ones may hold commas."""
    body = text.strip()[1:-1]
    words = re.findall(r'"((?:[^"\\]|\\.)*)"|([^\s,][^,]*)', body)
    return [quoted.replace('\\"', '"') if quoted else plain.strip() for quoted, plain in words]


def _fold(lines):
    """A folded block: lines join by a blank, an empty line starts a paragraph."""
    paragraphs = [[]]
    for line in lines:
        if line.strip():
            paragraphs[-1].append(line.strip())
        elif paragraphs[-1]:
            paragraphs.append([])
    return "\n\n".join(" ".join(p) for p in paragraphs if p)


def load(path):
    """All items of a file, in order: dictionaries with `kind`, `name`, `file`, `line` and their keys."""
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    found = []
    i = 0
    while i < len(lines):
        line = lines[i]
        if not line.strip() or line.lstrip().startswith("#"):
            i += 1
            continue
        item = ITEM.match(line)
        if item:
            found.append({"kind": item.group(1), "name": item.group(2).strip(), "file": os.path.basename(path), "line": i + 1})
            i += 1
            continue
        key = KEY.match(line)
        if not key or not found:
            raise RuleFileError(f"{path}:{i + 1}: neither an item nor a key: {line}")
        name, value = key.group(1), (key.group(2) or "").strip()
        block = []
        i += 1
        while i < len(lines) and (not lines[i].strip() or lines[i].startswith("    ")):
            block.append(lines[i])
            i += 1
        if value == ">":
            found[-1][name] = _fold(block)
        elif value.startswith("[") or (not value and block):
            found[-1][name] = _items(" ".join([value] + [b.strip() for b in block]))
        else:
            found[-1][name] = value
    return found


def load_dir(path):
    """All items of the *.yaml files of a directory, files in name order."""
    items = []
    for name in sorted(os.listdir(path)):
        if name.endswith(".yaml"):
            items += load(os.path.join(path, name))
    return items


def rules(path):
    return [item for item in load_dir(path) if item["kind"] == "rule"]
