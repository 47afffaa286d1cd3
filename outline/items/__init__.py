# SPDX-License-Identifier: Apache-2.0
"""Items: what the frames of a layer stand for when they come from data instead of a range.

An item has a key, unique in its source, and a value of plain data. A source says where items come from; nothing is read
before frames are asked for::

    Shell("render", items=lines("seeds.txt"), command=["render", "--seed", "%{ITEM}", "-o", "%{OUTPUT}"],
          outputs="pictures/%{KEY}.png")
"""

from .book import ItemBook
from .item import Item, Items, check_path_key, read_items
from .sources import as_items, files, group, is_group_of, lines, rows, wedge
from .table import ItemTable

__all__ = [
    "Item",
    "ItemBook",
    "ItemTable",
    "Items",
    "as_items",
    "check_path_key",
    "files",
    "group",
    "is_group_of",
    "lines",
    "read_items",
    "rows",
    "wedge",
]
