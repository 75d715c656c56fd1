"""Presets as text. What the program reads is YAML; only as much of it is written as presets need."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

#: Words that YAML would take for something else.
_RESERVED = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}


def flow(value: Any) -> str:
    """A value in one line: `[relu, {leaky_relu: {negative_slope: 0.2}}]`."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{flow(str(name))}: {flow(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, str):
        is_plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.]*", value) and value.lower() not in _RESERVED
        return value if is_plain else json.dumps(value)
    return json.dumps(value, default=_plain)


def _plain(number: Any) -> Any:
    """A number of NumPy or of a tensor."""
    return number.item()


def document(sections: Mapping[str, Any]) -> str:
    """A preset: maps of sections in lines, everything below them in one line each, lists of layers in lines."""
    lines = []
    for name, section in sections.items():
        if not isinstance(section, Mapping):
            lines.append(f"{name}: {flow(section)}")
            continue
        lines.append(f"{name}:")
        for key, value in section.items():
            if key == "layers":
                lines += [f"  {key}:", *(f"    - {flow(layer)}" for layer in value)]
            else:
                lines.append(f"  {key}: {flow(value)}")
    return "\n".join(lines) + "\n"
