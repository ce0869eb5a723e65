# SPDX-License-Identifier: GPL-3.0-or-later
"""A panel drawn without a window: what it would show, as text.

Properties and operators that do not exist raise, as does an icon that is none.
"""

from types import SimpleNamespace

import bpy

_ICONS = bpy.types.UILayout.bl_rna.functions["prop"].parameters["icon"].enum_items


class Layout:
    """Stands for a `UILayout` and all that it makes; they share their records.

    Attributes:
        texts: Every label.
        icons: Numbers of the large ones.
        buttons: Identifiers of operators, by what is written on them.
        properties: Names of the drawn properties.
        frozen: Those of them that cannot be changed.
        enabled: Whether what it holds can be changed.
    """

    def __init__(self, parent=None):
        vars(self)["_parent"] = parent
        root = parent or self
        self.texts = root.texts if parent else []
        self.icons = root.icons if parent else []
        self.buttons = root.buttons if parent else {}
        self.properties = root.properties if parent else []
        self.frozen = root.frozen if parent else []
        self.enabled = True

    def _is_enabled(self):
        return self.enabled and (self._parent is None or self._parent._is_enabled())

    def row(self, align=False, heading=""):
        return Layout(self)

    column = row

    def split(self, factor=0.5, align=False):
        return Layout(self)

    def box(self):
        return Layout(self)

    def separator(self, factor=1.0):
        pass

    def label(self, text="", icon="NONE"):
        assert icon in _ICONS
        self.texts.append(text)

    def prop(self, data, name, text=None, icon="NONE", **_):
        assert name in data.bl_rna.properties, name
        assert icon in _ICONS
        self.properties.append(name)
        if not self._is_enabled():
            self.frozen.append(name)

    def operator(self, name, text=None, icon="NONE", depress=False):
        assert icon in _ICONS
        module, function = name.split(".")
        rna = getattr(getattr(bpy.ops, module), function).get_rna_type()
        self.buttons[rna.name if text is None else text or icon] = name
        names = rna.properties.keys()
        return SimpleNamespace(**dict.fromkeys(names))

    def template_icon(self, icon_value, scale=1.0):
        self.icons.append(icon_value)

    def template_list(self, cls, _, data, items, *active, rows=5):
        assert hasattr(bpy.types, cls)
        assert items in data.bl_rna.properties
        owner, name = active
        assert name in owner.bl_rna.properties


def draw(panel):
    """Return what a panel draws now; None where its poll refuses."""
    if not panel.poll(bpy.context) if hasattr(panel, "poll") else False:
        return None
    layout = Layout()
    panel.draw(SimpleNamespace(layout=layout), bpy.context)
    return layout
