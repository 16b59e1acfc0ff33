"""Phrases with alternatives, optional parts and references to rules: "(give|hand) me [please] <item>".

The syntax is that of the lexicons (generator/src/scene/lexicon) plus `<rule>`.  `parse` makes a tree, `draw` a random
sentence of it.  An alternative may be weighted by repeating it.
"""
import re

_MARK = re.compile(r"[()\[\]|]|<[a-z_]+>|[^()\[\]|<>\s]+")


def parse(phrase):
    """-> nested tuples: ("seq", [...]), ("any", [...]), ("maybe", node), ("rule", name), ("word", text).

    Raises ValueError for brackets that do not match.
    """
    marks = _MARK.findall(phrase)
    node, at = _alternatives(marks, 0, phrase)
    if at != len(marks):
        raise ValueError(f"a bracket too many in {phrase!r}")
    return node


def _alternatives(marks, at, phrase):
    choices, sequence = [], []
    while at < len(marks) and marks[at] not in ")]":
        mark = marks[at]
        if mark == "|":
            choices.append(("seq", sequence))
            sequence = []
            at += 1
        elif mark in "([":
            inner, at = _alternatives(marks, at + 1, phrase)
            if at >= len(marks) or marks[at] != {"(": ")", "[": "]"}[mark]:
                raise ValueError(f"a bracket is missing in {phrase!r}")
            sequence.append(inner if mark == "(" else ("maybe", inner))
            at += 1
        else:
            sequence.append(("rule", mark[1:-1]) if mark[0] == "<" else ("word", mark))
            at += 1
    choices.append(("seq", sequence))
    return (choices[0] if len(choices) == 1 else ("any", choices)), at


def draw(node, rng, rules):
    """A random sentence of a tree as a list of words; `rules` maps a name to a list of trees."""
    kind, value = node
    if kind == "word":
        return [value]
    if kind == "seq":
        return [word for part in value for word in draw(part, rng, rules)]
    if kind == "any":
        return draw(rng.choice(value), rng, rules)
    if kind == "maybe":
        return draw(value, rng, rules) if rng.random() < 0.4 else []
    return draw(rng.choice(rules[value]), rng, rules)
