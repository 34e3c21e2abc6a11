"""What is public says what it computes, what it takes, what it refuses, and where that comes from."""

import importlib
import inspect
import re
from typing import Any

import pytest

import fastbp
from fastbp import callbacks, nn, optimizers

#: What the members of each room derive from. The base itself is a contract for them, and has no source.
ROOMS: dict[str, type] = {
    "layers": nn.Layer,
    "losses": nn.LossFunction,
    "metrics": nn.Metric,
    "initializers": nn.Initializer,
    "regularizers": nn.Regularizer,
    "constraints": nn.Constraint,
    "optimizers": optimizers.Optimizer,
    "optimizers.schedules": optimizers.schedules.LearningRateSchedule,
    "callbacks": callbacks.Callback,
}
#: Not a formula, but something that is done.
WITHOUT_FORMULA = ("callbacks",)
SECTION = re.compile(r"^(\w+)\n-+$", re.MULTILINE)


def members(room: str) -> dict[str, Any]:
    """The public classes and functions of a room, by name."""
    module = importlib.import_module(f"fastbp.{room}") if room else fastbp
    names = getattr(module, "__all__", None) or dir(module)
    found = {name: getattr(module, name) for name in names}
    return {
        name: each
        for name, each in found.items()
        if inspect.isclass(each) or inspect.isfunction(each)
    }


MEMBERS = [(room, name) for room in ("", *ROOMS) for name in members(room)]


def sections(docstring: str) -> dict[str, str]:
    """The parts of a NumPy-style docstring; what is before the first is called summary."""
    summary, *parts = SECTION.split(inspect.cleandoc(docstring))
    return {"summary": summary, **dict(zip(parts[::2], parts[1::2], strict=True))}


def entries(text: str) -> dict[str, str]:
    """The first line of each parameter that a section has."""
    heads = [line for line in text.splitlines() if re.match(r"[\w*]", line)]
    return {
        name: head for head in heads for name in head.split(" : ")[0].replace(" ", "").split(",")
    }


def described(docstring: str) -> dict[str, str]:
    """The first line of each parameter, those of a base included to which the docstring refers for the rest."""
    parts = sections(docstring)
    found = {**entries(parts.get("Attributes", "")), **entries(parts.get("Parameters", ""))}
    if "**shared" in found:
        found = described(optimizers.Optimizer.__doc__ or "") | found
    return found


def _is_error(member: Any) -> bool:
    return isinstance(member, type) and issubclass(member, Exception)


def lacks(docstring: str | None, room: str, member: Any) -> list[str]:
    """What is missing in the docstring of a member of a room."""
    if not docstring:
        return ["all"]
    parts, found = sections(docstring), described(docstring)
    parameters = [] if _is_error(member) else list(inspect.signature(member).parameters.values())
    missing = [each.name for each in parameters if not {each.name, f"**{each.name}"} & set(found)]
    for each in parameters:
        head = found.get(each.name, "default")
        has_default = each.default not in (inspect.Parameter.empty, False) and " : " in head
        if has_default and not re.search(r"default|optional|None", head):
            missing.append(f"default of {each.name}")
    base = ROOMS.get(room)
    if base is None or not isinstance(member, type) or not issubclass(member, base):
        return missing
    if member is base and base is not nn.Regularizer:
        return missing
    if {each.name for each in parameters} - {"name"} and "Raises" not in parts:
        missing.append("Raises")
    source = parts.get("References", "")
    if not re.search(r"\b(19|20)\d\d\b|Keras 3's `keras\.\w+", source):
        missing.append("References")
    if room not in WITHOUT_FORMULA and "``" not in parts["summary"]:
        missing.append("formula")
    return missing


@pytest.mark.parametrize(("room", "name"), MEMBERS)
def test_it_says_all(room: str, name: str) -> None:
    member = members(room)[name]
    assert lacks(vars(member).get("__doc__") or member.__doc__, room, member) == []


@pytest.mark.parametrize(
    ("room", "name", "planted", "missing"),
    [
        ("optimizers", "Adam", r"    beta_1 : .*\n", ["beta_1"]),
        ("optimizers", "SGD", r"    \*\*shared\n.*\n", ["weight_decay", "name"]),
        ("optimizers", "SGD", r"default 0\.01", ["default of learning_rate"]),
        ("losses", "Huber", r"    reduction, name\n", ["reduction", "name"]),
        ("losses", "Huber", r"1964", ["References"]),
        ("metrics", "AUC", r"    References\n    -+\n", ["References"]),
        ("layers", "Dense", r"    Raises\n    -+\n", ["Raises"]),
        ("initializers", "Zeros", r"``", ["formula"]),
        ("callbacks", "EarlyStopping", r"(?s).*", ["all"]),
    ],
)
def test_planted_omission_is_seen(room: str, name: str, planted: str, missing: list[str]) -> None:
    member = members(room)[name]
    docstring = re.sub(planted, "", member.__doc__)
    assert set(missing) <= set(lacks(docstring, room, member))


METHODS = {
    name: each
    for name, each in inspect.getmembers(fastbp.Sequential, inspect.isfunction)
    if not name.startswith("_")
}


@pytest.mark.parametrize("name", METHODS)
def test_a_method_names_what_it_takes(name: str) -> None:
    method = METHODS[name]
    taken = [each for each in inspect.signature(method).parameters if each != "self"]
    assert set(taken) <= set(described(method.__doc__ or ""))


#: The entry of an activation in the list: its name, a colon, and what follows up to the next one.
ENTRY = r"^\* {}: (.+?)(?=^\* |\Z)"


@pytest.mark.parametrize("name", nn.ACTIVATIONS)
def test_an_activation_has_its_formula_in_the_list(name: str) -> None:
    text = fastbp.activations.__doc__ or ""
    entry = re.search(ENTRY.format(name), text, re.MULTILINE | re.DOTALL)
    assert entry is not None
    assert "``" in entry[1]
    assert all(number in entry[1] for number in nn.activations.NUMBERS.get(name, ()))


def test_the_list_has_no_other_activations() -> None:
    listed = re.findall(r"^\* (\w+): ", fastbp.activations.__doc__ or "", re.MULTILINE)
    assert sorted(listed) == sorted(nn.ACTIVATIONS)
