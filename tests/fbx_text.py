# SPDX-License-Identifier: GPL-3.0-or-later
"""A humanoid's bones as an FBX file in text, such as older programs write."""

from tests.humanoid import humanoid_bones

_HEAD = """; FBX 7.4.0 project file
FBXHeaderExtension:  {
	FBXHeaderVersion: 1003
	FBXVersion: 7400
}
GlobalSettings:  {
	Version: 1000
	Properties70:  {
		P: "UpAxis", "int", "Integer", "",1
		P: "UpAxisSign", "int", "Integer", "",1
		P: "FrontAxis", "int", "Integer", "",2
		P: "FrontAxisSign", "int", "Integer", "",1
		P: "CoordAxis", "int", "Integer", "",0
		P: "CoordAxisSign", "int", "Integer", "",1
		P: "UnitScaleFactor", "double", "Number", "",1
	}
}
"""
_BONE = """	NodeAttribute: {attribute}, "NodeAttribute::{name}", "LimbNode" {{
		TypeFlags: "Skeleton"
	}}
	Model: {model}, "Model::{name}", "LimbNode" {{
		Version: 232
		Properties70:  {{
			P: "Lcl Translation", "Lcl Translation", "", "A",{x},{y},{z}
		}}
	}}
"""
_LINKS = """	C: "OO",{model},{parent}
	C: "OO",{attribute},{model}
"""


def humanoid_text() -> str:
    """Return the file's text: centimetres, y up."""
    bones = humanoid_bones()
    models = {name: 1000 + row for row, name in enumerate(bones)} | {"": 0}
    nodes, links = "", ""
    for name, (parent, head, _) in bones.items():
        x, y, z = 100 * (head - (bones[parent][1] if parent else 0))
        ids = {"model": models[name], "attribute": models[name] + 1000}
        nodes += _BONE.format(name=name, x=x, y=z, z=-y, **ids)
        links += _LINKS.format(parent=models[parent], **ids)
    return f"{_HEAD}Objects:  {{\n{nodes}}}\nConnections:  {{\n{links}}}\n"
