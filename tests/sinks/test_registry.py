import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from mailstrata.errors import UsageError
from mailstrata.sinks.protocol import Sink
from mailstrata.sinks.registry import GROUP, available_sinks, load_sink

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Install a package that offers sinks: its metadata and one module, as pip would lay them down."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def install(package: str, module: str, sinks: dict[str, str]) -> None:
        monkeypatch.delitem(sys.modules, f"{package}_sinks", raising=False)
        (tmp_path / f"{package}_sinks.py").write_text(module)
        metadata = tmp_path / f"{package}-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        lines = [f"{name} = {package}_sinks:{attribute}\n" for name, attribute in sinks.items()]
        (metadata / "entry_points.txt").write_text(f"[{GROUP}]\n{''.join(lines)}")

    return install


def test_a_sink_of_another_package_is_found_by_its_name(install) -> None:
    """A class that another package names in the entry-point group is listed and loaded."""
    module = "from mailstrata.sinks.protocol import Sink\nclass Counting(Sink):\n    name = 'counting'\n"
    install("acme", module, {"acme-counting": "Counting"})
    assert "acme-counting" in available_sinks()
    found = load_sink("acme-counting")
    assert issubclass(found, Sink)
    assert found.name == "counting"


def test_listing_imports_nothing(install) -> None:
    """A package whose import fails is still listed, since listing must not import."""
    install("acme", "raise RuntimeError('imported')", {"acme-broken": "Anything"})
    assert "acme-broken" in available_sinks()


def test_an_unknown_name_names_the_ones_there_are(install) -> None:
    """The error for a mistyped name says which names there are."""
    install("acme", "", {"acme-one": "One", "acme-two": "Two"})
    with pytest.raises(UsageError, match=r"no sink called 'acme-three'; available: .*acme-one, acme-two"):
        load_sink("acme-three")


def test_a_name_offered_twice_is_refused(install) -> None:
    """Which of two packages wins must not depend on the order of sys.path."""
    install("acme", "", {"acme-same": "One"})
    install("zenith", "", {"acme-same": "One"})
    with pytest.raises(UsageError, match="more than one package offers a sink called 'acme-same': acme, zenith"):
        load_sink("acme-same")


@pytest.mark.parametrize(
    ("module", "message"),
    [
        ("import a_module_that_is_not_there", "cannot be loaded: ModuleNotFoundError.*; install what it needs"),
        ("", "cannot be loaded: AttributeError"),
        ("Offered = 5", "is acme_sinks:Offered, which is not a class"),
        (
            "from mailstrata.sinks.protocol import Sink\n"
            "Offered = type('Offered', (), {k: v for k, v in vars(Sink).items() if k not in ('abort', 'commit')})",
            "lacks commit, abort; let its class inherit from",
        ),
    ],
)
def test_what_is_no_sink_is_refused_with_its_package(install, module: str, message: str) -> None:
    """An entry that cannot be imported, or is no sink, gives one line that names the package."""
    install("acme", module, {"acme-broken": "Offered"})
    with pytest.raises(UsageError, match=message) as caught:
        load_sink("acme-broken")
    assert "of the package acme" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_sink_need_not_inherit(install) -> None:
    """A class of its own that has all the methods and attributes is a sink."""
    module = "from mailstrata.sinks.protocol import Sink\nclass Own:\n"
    module += "".join(f"    {name} = Sink.{name}\n" for name in vars(Sink) if not name.startswith("_"))
    install("acme", module, {"acme-own": "Own"})
    assert load_sink("acme-own").__name__ == "Own"


def _own_sinks() -> list[tuple[str, str]]:
    project = tomllib.loads(PYPROJECT.read_text())["project"]
    return sorted(project["entry-points"][GROUP].items())


@pytest.mark.parametrize(("name", "value"), _own_sinks())
def test_our_own_entry_points_lead_to_sinks_of_that_name(name: str, value: str) -> None:
    """Each entry point that the project declares is a sink that calls itself by the same name."""
    found = EntryPoint(name, value, GROUP).load()
    assert issubclass(found, Sink)
    assert found.name == name
