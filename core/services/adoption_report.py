"""What adopting a file is asked for and what it answers, as values and as plain JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from core.domain.inference import Choices, Inference, Inferred
from core.domain.recipe import Split
from core.domain.usecase import Task
from core.errors import InputError
from core.usecases.custom import CustomSpec

if TYPE_CHECKING:
    from core.ml.leakage import Finding, Screen

Word = TypeVar("Word", bound=StrEnum)


@dataclass(frozen=True)
class AdoptOptions:
    """What a person decided beforehand; everything else is inferred."""

    target: str
    key: str | None = None
    task: str | None = None
    positive: str | None = None
    id: str | None = None
    time: str | None = None
    group: str | None = None
    exclude: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    null_texts: tuple[str, ...] = ()
    split: str | None = None
    timezone: str = "UTC"
    filename: str | None = None  # what the file was called, where it is kept under another name

    def choices(self, semicolons: bool) -> Choices:
        """The same, checked, in the words of the domain."""
        return Choices(
            target=self.target,
            task=_one_of(Task, "task", self.task),
            positive=self.positive,
            id=self.id,
            time=self.time,
            group=self.group,
            exclude=self.exclude,
            after=self.after,
            null_texts=self.null_texts,
            split=_one_of(Split, "split", self.split),
            timezone=self.timezone,
            semicolons=semicolons,
        )


def _one_of(kind: type[Word], name: str, value: str | None) -> Word | None:
    known = {str(item): item for item in kind}
    if value is not None and value not in known:
        raise InputError(f"--{name} is '{value}'.", f"It takes one of {', '.join(known)}.")
    return None if value is None else known[value]


@dataclass(frozen=True)
class Inspection:
    """A labelled file, understood and screened; nothing is written yet."""

    path: Path
    key: str
    options: AdoptOptions
    inference: Inference = field(repr=False)
    screen: Screen = field(repr=False)
    spec: CustomSpec = field(repr=False)

    @property
    def filename(self) -> str:
        """What people call the file."""
        return self.options.filename or self.path.name

    def as_json(self) -> dict[str, Any]:
        """Plain values for pages and programs."""
        target = self.inference.target
        kept = set(self.spec.column_names)
        return {
            "use_case": self.key,
            "rows": self.inference.n_rows,
            "task": str(target.task),
            "target": {
                "name": self.options.target,
                "classes": list(target.classes),
                "rows_by_class": list(target.counts),
                "why": target.why,
            },
            "entity": self.inference.entity,
            "time": self.inference.time,
            "group": self.inference.group,
            "split_by": str(self.inference.split),
            "columns": [_column_json(item) for item in self.inference.columns if item.column.name in kept],
            "excluded": [{"name": name, "why": why} for name, why in self.spec.excluded.items()],
            "leakage": leakage_json(self.screen),
            "read_as": dict(self.spec.source),
            "notes": list(self.spec.notes),
        }


@dataclass(frozen=True)
class AdoptReport:
    """What was understood, and what training came to."""

    inspection: Inspection
    trained: Mapping[str, Any]
    use_case_file: Path
    kept_as: Path | None  # where the former use case file went

    def as_json(self) -> dict[str, Any]:
        """Plain values for the command line, pages and programs."""
        seen = self.inspection.as_json()
        files = {"use_case": str(self.use_case_file), **self.trained["files"]}
        if self.kept_as is not None:
            files["former_use_case"] = str(self.kept_as)
        return seen | dict(self.trained) | {"notes": seen["notes"] + _other(self.trained, seen), "files": files}


def _other(trained: Mapping[str, Any], seen: Mapping[str, Any]) -> list[str]:
    return [note for note in trained["notes"] if note not in seen["notes"]]


def _column_json(item: Inferred) -> dict[str, Any]:
    return {
        "name": item.column.name,
        "kind": str(item.column.kind),
        "role": str(item.role),
        "why": item.why,
        "features": list(item.features),
        **item.facts,
    }


def leakage_json(screen: Screen) -> dict[str, Any]:
    """A leakage screen as plain values, the most suspicious column first."""
    return {
        "metric": screen.metric,
        "rows": screen.n_rows,
        "folds": screen.n_folds,
        "flagged": list(screen.flagged),
        "score_with_all": _rounded(screen.score_all),
        "score_without_flagged": _rounded(screen.score_unflagged),
        "findings": [_finding_json(finding) for finding in screen.findings],
    }


def _finding_json(finding: Finding) -> dict[str, Any]:
    return {
        "column": finding.column,
        "flagged": finding.flagged,
        "alone": _rounded(finding.alone),
        "adds": _rounded(finding.adds),
        "missing_gap": _rounded(finding.missing_gap),
        "one_class_values": [
            {"value": item.value, "rows": item.n_rows, "class": item.code} for item in finding.one_class[:10]
        ],
        "later_words": list(finding.words),
        "reasons": list(finding.reasons),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
