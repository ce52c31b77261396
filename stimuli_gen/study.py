"""A study as a TOML file: what is rendered, from what, and how the sounds are matched.

Paths in a study are relative to the TOML file's folder. The table ``[listening_test]`` belongs to
the listening test: it is validated (see `listening_test`) and copied. `describe_keys` lists every
key with its meaning; the command line's help is made of it.
"""

import codecs
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic.fields import FieldInfo

from autofx_core.audio import LISTENING_RATE_HZ
from autofx_core.effects.table import EFFECTS
from stimuli_gen.contract import (
    KNOWN_KINDS,
    MAX_CONDITIONS,
    ConditionKind,
    describe_validation_error,
)
from stimuli_gen.listening_test import TABLE, ListeningTest, parse_listening_test
from stimuli_gen.manifest import Identifier

PRESETS = Path(__file__).parent / "presets"


class StudySpecError(ValueError):
    """A study that cannot be rendered; one line that names the key and how to fix it."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class ConditionSpec(_Table):
    """One system under test, in TOML a name or a table ``{ id = "mine", … }``."""

    id: Annotated[Identifier, Field(description="its name in the results")]
    label: Annotated[str, Field(description="its name in figures  [the id]")] = ""
    kind: Annotated[
        ConditionKind | None,
        Field(description="reference, estimated, random, anchor or control  [by the id]"),
    ] = None
    method: Annotated[
        str | None, Field(description="a method of autofx_core.matching.match  [the id]")
    ] = None
    function: Annotated[
        str | None,
        Field(
            description="your own, 'module:function': takes a matching.Request, returns settings "
            "or the sound itself; the module may lie beside the study"
        ),
    ] = None
    folder: Annotated[
        str | None, Field(description="external: a folder with one <item>.wav per item")
    ] = None

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if sum(x is not None for x in (self.method, self.function, self.folder)) > 1:
            raise ValueError("give one of method, function and folder")
        return self

    @property
    def resolved_kind(self) -> ConditionKind:
        """The kind given, or else the one that its id implies."""
        return self.kind or KNOWN_KINDS.get(self.id, "estimated")


def _name_as_table(value: Any) -> Any:
    return {"id": value} if isinstance(value, str) else value


class Items(_Table):
    """How many items each class of effects gets of each kind of reference."""

    in_domain: Annotated[
        int, Field(ge=0, description="per family: our own effect, settings drawn and so known")
    ] = 0
    out_of_domain: Annotated[
        int, Field(ge=0, description="per family: other pedals of the class (phaser, fuzz, …)")
    ] = 0
    recorded: Annotated[
        int, Field(ge=0, description="per family: processed sounds from [recorded]")
    ] = 0
    training: Annotated[int, Field(ge=0, description="in all: items to practise on, in-domain")] = 0


class Clean(_Table):
    """Where clean sounds come from."""

    source: Annotated[
        Literal["builtin", "phrases", "mixed", "folder", "idmt"],
        Field(
            description="the notes shipped with autofx_core; phrases of 6 to 12 s played on them; "
            "of each half; a folder of recordings; or IDMT-SMT-Audio-Effects"
        ),
    ] = "builtin"
    folder: Annotated[str | None, Field(description="for 'folder' and 'idmt'")] = None
    author: Annotated[str, Field(description="of the sounds of a folder, for the manifest")] = ""
    licence: Annotated[str, Field(description="of the sounds of a folder, e.g. CC-BY-4.0")] = ""

    @model_validator(mode="after")
    def _folder_where_needed(self) -> Self:
        if (self.source in ("folder", "idmt")) == (self.folder is None):
            raise ValueError(f"source {self.source!r} wants {'no' if self.folder else 'a'} folder")
        if self.source != "folder" and (self.author or self.licence):
            raise ValueError(f"source {self.source!r} has its own author and licence")
        return self


def _known_class(name: str) -> str:
    if name not in EFFECTS:
        raise ValueError(f"unknown family {name!r}; known: {', '.join(EFFECTS)}")
    return name


EffectClass = Annotated[str, AfterValidator(_known_class)]


class Pair(_Table):
    """One recorded reference and the clean sound it was made from."""

    reference: Annotated[str, Field(description="file of the processed sound")]
    clean: Annotated[str, Field(description="file of the same take without the effect")]
    family: Annotated[EffectClass, Field(description=f"class of its effect ({', '.join(EFFECTS)})")]
    effect: Annotated[str, Field(description="what it was processed with")] = "unknown"


class Recorded(_Table):
    """Processed sounds to be matched, for items of the kind 'recorded'."""

    pairs: Annotated[list[Pair], Field(description="pairs of files")] = []
    folder: Annotated[
        str | None,
        Field(
            description="folder of pairs, a folder in it for each family: "
            "delay/take1_dry.wav, delay/take1_space-echo.wav"
        ),
    ] = None
    idmt: Annotated[
        str | None, Field(description="folder of IDMT-SMT-Audio-Effects, clean takes included")
    ] = None


class StudySpec(_Table):
    """A whole study."""

    name: Annotated[Identifier, Field(description="short name")]
    title: Annotated[str, Field(description="what listeners and readers see")]
    seed: Annotated[int, Field(ge=0, description="all chance follows from it")] = 0
    families: Annotated[
        list[EffectClass],
        Field(min_length=1, description="classes of effects"),
    ] = list(EFFECTS)
    conditions: Annotated[
        list[Annotated[ConditionSpec, BeforeValidator(_name_as_table)]],
        Field(
            min_length=2,
            description="names of methods, reference, random, clean, anchor35, anchor70, or tables",
        ),
    ]
    items: Annotated[Items, Field(description="items per family")]
    clean: Annotated[Clean, Field(description="clean sounds")] = Clean()
    recorded: Annotated[Recorded, Field(description="recorded references")] = Recorded()
    sample_rate_hz: Annotated[int, Field(ge=16_000, le=192_000, description="of every file")] = (
        LISTENING_RATE_HZ
    )
    format: Annotated[
        Literal["wav", "flac"],
        Field(description="of every file; FLAC: an item in equal frames"),
    ] = "flac"
    bit_depth: Annotated[Literal[16, 24], Field(description="bits per sample")] = 16
    dither: Annotated[
        Literal["tpdf", "none"], Field(description="triangular noise of 2 LSB before rounding")
    ] = "tpdf"
    target_lufs: Annotated[
        float, Field(ge=-60, le=-5, description="integrated loudness of every file after BS.1770")
    ] = -23.0
    true_peak_dbtp: Annotated[
        float, Field(ge=-20, le=0, description="ceiling, kept by lowering all that is equally loud")
    ] = -1.0
    equally_loud: Annotated[
        Literal["item", "set"],
        Field(description="what has one loudness: the sounds of each item, or of the whole set"),
    ] = "item"
    tail_s: Annotated[
        float,
        Field(ge=0, le=5, description="kept after the clean sound's end, where effects may ring"),
    ] = 0.5
    longest_tail_s: Annotated[
        float,
        Field(
            ge=0,
            le=20,
            description="kept while a sound of the item rings above −40 dB; then a fade of 1 s",
        ),
    ] = 4.0
    longest_s: Annotated[
        float,
        Field(gt=0.5, le=60, description="longer clean sounds are cut; 12 s after BS.1534"),
    ] = 12.0
    on_fault: Annotated[
        Literal["redraw", "stop"],
        Field(description="what to do about a silent, clipped, broken or indistinguishable render"),
    ] = "redraw"
    listening_test: Annotated[
        dict[str, Any], Field(description="the listening test's own settings")
    ] = {}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        ids = [condition.id for condition in self.conditions]
        if repeated := sorted({name for name in ids if ids.count(name) > 1}):
            raise ValueError(f"condition {repeated[0]!r} is there twice")
        if sum(condition.resolved_kind == "reference" for condition in self.conditions) != 1:
            raise ValueError("conditions want exactly one hidden 'reference'")
        if len(self.conditions) > MAX_CONDITIONS:
            raise ValueError(
                f"{len(self.conditions)} conditions; a page has {MAX_CONDITIONS} at most "
                "(BS.1534-3, 5.2)"
            )
        if self.longest_tail_s < self.tail_s:
            raise ValueError(
                f"longest_tail_s = {self.longest_tail_s:g} is below tail_s = {self.tail_s:g}"
            )
        if len(set(self.families)) < len(self.families):
            raise ValueError("a family is there twice")
        counts = self.items
        if not counts.in_domain + counts.out_of_domain + counts.recorded:
            raise ValueError("items: in_domain, out_of_domain and recorded are all 0")
        return self


TABLES: dict[str, type[BaseModel]] = {
    "conditions": ConditionSpec,
    "items": Items,
    "clean": Clean,
    "recorded": Recorded,
}


def list_presets() -> list[str]:
    """Name the studies that come with the package."""
    return sorted(path.stem for path in PRESETS.glob("*.toml"))


def find_study(name: str) -> Path:
    """Find a study by its file or a preset's name.

    Raises
    ------
    StudySpecError
        If it is neither.
    """
    for path in (Path(name), PRESETS / f"{name}.toml"):
        if path.is_file():
            return path
    raise StudySpecError(f"{name}: neither a file nor a preset ({', '.join(list_presets())})")


def read_study_bytes(path: Path) -> bytes:
    """Read a study's file without the byte order mark that some editors put before it."""
    return path.read_bytes().removeprefix(codecs.BOM_UTF8)


def read_study(path: Path) -> StudySpec:
    """Read and validate a study.

    Raises
    ------
    StudySpecError
        If it is no TOML or breaks the schema; one line that names the key.
    """
    try:
        study = StudySpec.model_validate(tomllib.loads(read_study_bytes(path).decode()))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise StudySpecError(f"{path}: {error}") from None
    except ValidationError as error:
        raise StudySpecError(f"{path}: {describe_validation_error(error, StudySpec)}") from None
    try:
        parse_listening_test(study.listening_test)
    except ValidationError as error:
        wrong = describe_validation_error(error, ListeningTest, within=TABLE, show_input=True)
        raise StudySpecError(f"{path}: {wrong}") from None
    return study


def describe_keys() -> list[tuple[str, str]]:
    """List every key of a study, dotted, with its meaning and default."""
    described = []
    tables: dict[str, type[BaseModel]] = {"": StudySpec, **TABLES, "recorded.pairs": Pair}
    for prefix, table in tables.items():
        for name, field in table.model_fields.items():
            key = f"{prefix}.{name}" if prefix else name
            has_default = not field.is_required() and field.default not in (None, "", {}, [])
            shown = f"  [{_as_toml(field.default)}]" if has_default and key not in TABLES else ""
            described.append((key, f"{field.description}{_limits(field)}{shown}"))
    return described


def _limits(field: FieldInfo) -> str:
    """Name what a key may be, where that is a short list or a range."""
    if get_origin(field.annotation) is Literal:
        return f" ({', '.join(map(str, get_args(field.annotation)))})"
    ends = {
        name: getattr(limit, name)
        for limit in field.metadata
        for name in ("ge", "gt", "le")
        if hasattr(limit, name)
    }
    low = ends.get("ge", ends.get("gt"))
    return f" ({low:g} to {ends['le']:g})" if "le" in ends else ""


def _as_toml(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)
