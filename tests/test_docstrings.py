"""The docstrings of public names: numpydoc sections in full, and summaries that begin with a verb."""

import dataclasses
import enum
import functools
import importlib
import inspect
import re

from numpydoc.validate import Validator, get_doc_object, validate

import empowerment

MODULES = (
    "empowerment",
    *(f"empowerment.{name}" for name in ("desire", "plotting", "proxies", "testing", "text", "worlds")),
)

# GL01 and GL02 are about where quotes stand, which ruff decides; ES01 asks for a second paragraph.
NOT_ASKED = {"GL01", "GL02", "ES01"}
# What a class is for, its fellows and its example are said once, in its own docstring.
NOT_ASKED_OF_MEMBERS = NOT_ASKED | {"SA01", "EX01"}
# numpydoc knows fields only as parameters; here they may be attributes.
BY_FIELDS = {"PR01", "PR02", "PR03"}

# Parameters and results of a method that says where it is described need not be repeated.
BY_REFERENCE = {"PR01", "RT01", "YD01"}

PROPERTIES = (property, functools.cached_property)

VERBS = """
    Add Answer Apply Ask Assess Audit Average Bound Build Calibrate Carry Change Check Choose Close Collect Combine
    Compare Complete Compute Continue Convert Copy Count Cut Decide Decode Describe Divide Draw Encode End Enumerate
    Estimate Evaluate Expand Explain Explore Extend Extract Find Follow Generate Group Iterate Join Judge Keep Label
    Learn List Load Locate Look Make Measure Merge Name Normalize Observe Offer Open Pick Play Plot Predict Print
    Propose Put Raise Rate Read Recompute Record Reduce Release Remove Replace Report Reset Restrict Return Run Sample
    Save Say Score Select Set Show Simulate Solve Sort Split Start State Stop Suggest Summarize Take Test Train
    Translate Turn Update Validate Verify Wait Write Yield
"""


def public():
    """List every public class and function once, as `(name, object)`."""
    seen, names = set(), []
    for module in map(importlib.import_module, MODULES):
        for name in module.__all__:
            thing = getattr(module, name)
            if (inspect.isclass(thing) or inspect.isfunction(thing)) and id(thing) not in seen:
                seen.add(id(thing))
                names.append((f"{thing.__module__}.{thing.__qualname__}", thing))
    return names


def members(thing):
    """List the public methods and properties of a class, those of its bases in this package included."""
    if not inspect.isclass(thing):
        return []
    wanted = (*PROPERTIES, classmethod, staticmethod)
    return sorted(
        name
        for cls in thing.__mro__
        if cls.__module__.startswith("empowerment.")
        for name, member in vars(cls).items()
        if not name.startswith("_") and (isinstance(member, wanted) or inspect.isfunction(member))
    )


def complaints(name, not_asked):
    return [f"{name}: {code} {sentence}" for code, sentence in validate(name)["errors"] if code not in not_asked]


def refers(name):
    """Return whether a docstring refers to a method of the same name that describes it."""
    doc = Validator(get_doc_object(Validator._load_obj(name))).raw_doc
    return re.search(rf"[Ss]ee :meth:`[\w.]*\.{name.rpartition('.')[2]}`", doc) is not None


def fields_of(thing):
    """List the fields of a dataclass or a named tuple; of anything else there are none."""
    if dataclasses.is_dataclass(thing):
        return [field.name for field in dataclasses.fields(thing)]
    return list(getattr(thing, "_fields", ()))


def not_asked_of(thing):
    """Return the checks that are not made: those of parameters, where a class has no constructor of its own."""
    own = fields_of(thing) or isinstance(thing, enum.EnumType) or getattr(thing, "_is_protocol", False)
    return NOT_ASKED | BY_FIELDS if own else NOT_ASKED


def undescribed_fields(name, thing):
    """Name fields that a docstring says nothing about, and entries that are no field."""
    doc = get_doc_object(thing)
    described = {one.strip() for entry in [*doc["Parameters"], *doc["Attributes"]] for one in entry.name.split(",")}
    fields = {name for name in fields_of(thing) if not name.startswith("_")}
    offered = fields | {member for cls in thing.__mro__ for member in vars(cls)}
    return [f"{name}: field {field} is not described" for field in sorted(fields - described)] + [
        f"{name}: {entry} is described and is not there" for entry in sorted(described - offered)
    ]


def beginning(name):
    """Complain about the summary of a function that does not begin with a verb."""
    doc = Validator(get_doc_object(Validator._load_obj(name)))
    first = doc.summary.split(" ")[0]
    return (
        [f"{name}: the summary begins with {first!r}, which is none of VERBS"] if first not in VERBS.split() else []
    )


def test_public_names_are_documented_in_full():
    found = []
    for name, thing in public():
        found += complaints(name, not_asked_of(thing))
        found += undescribed_fields(name, thing) if fields_of(thing) else []
        found += beginning(name) if inspect.isfunction(thing) else []
    assert not found, f"{len(found)} complaints:\n" + "\n".join(found)


def test_public_methods_are_documented_in_full():
    found = []
    for name, thing in public():
        for member in members(thing):
            referred = BY_REFERENCE if refers(f"{name}.{member}") else set()
            found += complaints(f"{name}.{member}", NOT_ASKED_OF_MEMBERS | referred)
            function = inspect.getattr_static(thing, member)
            found += beginning(f"{name}.{member}") if not isinstance(function, PROPERTIES) else []
    assert not found, f"{len(found)} complaints:\n" + "\n".join(found)


def test_the_check_finds_what_is_missing(monkeypatch):
    def undocumented(channel):
        """Of a channel."""
        return channel

    monkeypatch.setattr(empowerment, "undocumented", undocumented, raising=False)
    found = complaints("empowerment.undocumented", NOT_ASKED) + beginning("empowerment.undocumented")
    assert {line.split(": ")[1][:4] for line in found} == {"PR01", "RT01", "SA01", "EX01", "the "}
