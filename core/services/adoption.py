"""Bring your own data: understand a labelled file, screen it for leaks, make a use case of it, train it.

Two steps, so that a person may look between them: `inspect` reads and judges and writes nothing;
`confirm` writes `models/<key>/use_case.toml` and trains. `adopt` does both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.domain.inference import Inference, Role, infer
from core.domain.usecase import UseCase
from core.errors import InputError
from core.services.access import Action, Actor, require
from core.services.adoption_report import AdoptOptions, AdoptReport, Inspection, leakage_json
from core.services.desk import Desk
from core.services.row_order import times_of
from core.services.training import Origin, read_labelled, shelve
from core.store.intake import read_text_table
from core.usecases import builtin
from core.usecases.custom import FILE_NAME, adopted_spec, build, key_of, save
from core.usecases.custom.reading import KEY

if TYPE_CHECKING:
    from core.ml.leakage import Screen
    from core.store.dialect import Dialect

Progress = Callable[[str, float], None]
_SCREENED = 0.4  # share of the whole progress that inspecting takes


def _silent(message: str, fraction: float) -> None:
    return None


def adopt(desk: Desk, actor: Actor, path: Path, options: AdoptOptions, *, progress: Progress = _silent) -> AdoptReport:
    """Understand a labelled file, screen it, write its use case file and train it.

    Adopting a file again under the same key replaces the use case; the former file is kept beside it and
    the new version acts, because the old one was trained on other features.

    Raises
    ------
    NotPermitted
        The actor's role may not adopt.
    InputError
        The file, an option or the target cannot be used; the message says what is allowed.
    """
    seen = inspect(desk, actor, path, options, progress=lambda what, done: progress(what, _SCREENED * done))
    return confirm(desk, actor, seen, progress=lambda what, done: progress(what, _SCREENED + (1 - _SCREENED) * done))


def inspect(desk: Desk, actor: Actor, path: Path, options: AdoptOptions, *, progress: Progress = _silent) -> Inspection:
    """Understand a labelled file and screen it for leaks; writes nothing."""
    require(actor, Action.ADOPT)
    from core.ml.leakage import screen

    name = options.filename or path.name
    key = _key(options.key, name)
    progress("reading", 0.0)
    table, dialect = read_text_table(path)
    inference = infer(table, options.choices(semicolons=dialect.delimiter == ";"))
    group = next((item.values for item in inference.columns if item.column.name == inference.group), None)
    screened = screen(
        inference.target.task,
        [item.column for item in inference.of_role(Role.FEATURE)],
        inference.features,
        inference.target.values,
        groups=group,
        progress=lambda what, done: progress(what, 0.1 + 0.9 * done),
    )
    spec = adopted_spec(inference, options.target, key, options.timezone, _source(name, dialect, inference))
    notes = (*dialect.notes, *inference.notes, *_flag_note(screened))
    return Inspection(path, key, options, inference, screened, replace(spec, notes=notes))


def _key(given: str | None, name: str) -> str:
    key = given or key_of(name)
    if not KEY.fullmatch(key):
        raise InputError(f"--key is '{key}'.", "It takes small letters, digits and underscores, a letter first.")
    if key in builtin():
        raise InputError(f"'{key}' is the name of a built-in use case.", "Choose another one with --key.")
    return key


def _source(name: str, dialect: Dialect, inference: Inference) -> dict[str, Any]:
    written = {"delimiter": dialect.delimiter, "encoding": dialect.encoding} if dialect.delimiter else {}
    return {"file": name, "labelled_rows": inference.n_rows, **written, "target": inference.target.why}


def _flag_note(screened: Screen) -> tuple[str, ...]:
    if not screened.flagged:
        return ()
    label = "AUC" if screened.metric == "auc" else "R2"
    without = "" if screened.score_unflagged is None else f", {screened.score_unflagged:.3f} without all of them"
    note = (
        f"The leakage screen flags {', '.join(screened.flagged)}: {label} {screened.score_all:.3f} with all columns"
        f"{without}. They are kept. Adopt again with --after and the names of those known only afterwards."
    )
    return (note,)


def confirm(desk: Desk, actor: Actor, seen: Inspection, *, progress: Progress = _silent) -> AdoptReport:
    """Write the use case file of an inspected file and train it; a failed training leaves no trace."""
    require(actor, Action.ADOPT)
    path = desk.folder(seen.key) / FILE_NAME
    use_case = build(seen.spec, str(path))
    former = path.read_bytes() if path.exists() else None
    save(seen.spec, path)
    try:
        trained = _train(desk, actor, use_case, seen, progress)
    except BaseException:
        if former is None:
            path.unlink()
        else:
            path.write_bytes(former)
        raise
    return AdoptReport(seen, trained, path, _keep(path, former))


def _keep(path: Path, former: bytes | None) -> Path | None:
    """Put the former use case file beside the new one, under a number of its own."""
    if former is None or former == path.read_bytes():
        return None
    number = 1
    while (kept := path.with_name(f"use_case.former-{number}.toml")).exists():
        number += 1
    kept.write_bytes(former)
    return kept


def _train(desk: Desk, actor: Actor, use_case: UseCase, seen: Inspection, progress: Progress) -> dict[str, Any]:
    from core.ml.train import train

    progress("reading again, by the use case", 0.0)
    labelled = read_labelled(desk, use_case, seen.path)
    trained = train(
        use_case,
        labelled.columns,
        labelled.target,
        times=times_of(use_case, labelled.columns, len(labelled.target)),
        groups=labelled.columns[use_case.group] if use_case.group else None,
        progress=progress,
    )
    facts = dict(trained.lineage) | {"leakage": leakage_json(seen.screen)}
    trained = replace(trained, lineage=facts, notes=(*use_case.notes, *trained.notes))
    return shelve(desk, actor, use_case, trained, labelled, Origin("adopt", seen.filename, act=True))
