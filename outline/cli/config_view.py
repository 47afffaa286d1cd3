# SPDX-License-Identifier: Apache-2.0
"""``outline config``: every value of the configuration and where it comes from."""

from __future__ import annotations

from ..config import origins
from ..exception import ConfigException, did_you_mean

__all__ = ["config_text"]


def config_text(section: str | None = None) -> str:
    """Return the configuration as text that a configuration file could hold, with the origin of each value.

    Args:
        section: Only this section.

    Raises:
        ConfigException: There is no such section.
    """
    rows = origins()
    sections = list(dict.fromkeys(row.section for row in rows))
    if section is not None and section not in sections:
        raise ConfigException(f"no section {section!r} in the configuration{did_you_mean(section, sections)}")
    blocks = []
    for name in sections if section is None else [section]:
        mine = [(f"{row.option} = {_indented(row.value)}".rstrip(), row.origin) for row in rows if row.section == name]
        width = min(60, max(len(text) for text, _ in mine))
        blocks.append("\n".join([f"[{name}]", *(f"{text:<{width}}  # {origin}" for text, origin in mine)]))
    return "\n\n".join(blocks)


def _indented(value: str) -> str:
    return value.replace("\n", "\n    ")
