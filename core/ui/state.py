"""What every page needs: the desk, who acts, and the use case that is looked at."""

from __future__ import annotations

import importlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.errors import NotPermitted
from core.services.access import LOCAL_PEOPLE, Action, Actor, Role, require
from core.ui import messages
from core.web.caller import SESSION_HEADER
from core.web.listening import OFF

if TYPE_CHECKING:
    from core.domain.usecase import UseCase
    from core.services.contract import CheckResult
    from core.services.desk import Desk
    from core.services.inbox import Inbox
    from core.services.jobs import JobState
    from core.services.model_card import ModelCard
    from core.services.overview import Overview
    from core.services.promises import Promise
    from core.services.results import FileSummary
    from core.services.scheduling.scheduler import Scheduler

USE_CASE = "use_case"  # the widget's key, and the name in the URL
ACT_AS = "act_as"


def _release(desk: Any) -> None:
    desk.close()


def _stop(running: Any) -> None:
    running.stop()


@st.cache_resource(show_spinner=False, on_release=_release)
def desk() -> Desk:
    """The desk of this process, opened by whoever asks first."""
    from core.services import adopt_job, train_job
    from core.services.desk import open_desk
    from core.services.rebuilding import retraining
    from core.services.watching import evidently_report

    opened = open_desk()
    train_job.register(opened)
    adopt_job.register(opened)
    retraining.register(opened)
    evidently_report.register(opened)
    return opened


def import_ahead() -> None:
    """Import what the first page needs while the server is still being set up."""
    with messages.logged("import"):
        importlib.import_module("core.services.desk")
        importlib.import_module("core.services.overview")


FIRST_PAGE_SECONDS = 2.0
_drawn = threading.Event()


def drawn() -> None:
    """Say that a page stands: from now on loading models takes nobody's time."""
    _drawn.set()


def warm_up() -> None:
    """Open the log, let the first page be drawn, load the models; a page that needs what failed says so."""
    with messages.logged("warm-up"):
        opened = desk()
        opened.log  # noqa: B018  opening takes the lock of the home
        _drawn.wait(timeout=FIRST_PAGE_SECONDS)
        opened.warm()
        _inbox(opened).start()
        _scheduler(opened).start()


@st.cache_resource(show_spinner=False, on_release=_stop)
def _inbox(_desk: Desk) -> Inbox:
    from core.services.inbox import Inbox

    return Inbox(_desk)


@st.cache_resource(show_spinner=False, on_release=_stop)
def _scheduler(_desk: Desk) -> Scheduler:
    from core.services.scheduling.scheduler import Scheduler

    return Scheduler(_desk)


def scheduler() -> Scheduler:
    """The scheduler of this process's desk; it runs by itself once the first page stands."""
    return _scheduler(desk())


def close() -> None:
    """Stop what the desk does by itself, and looking into the inbox; close the desk, if it was opened."""
    _scheduler.clear()
    _inbox.clear()
    desk.clear()


def session() -> str | None:
    """The session this page is looked at by, as the gate found it; None where no gate stands in front."""
    return st.context.headers.get(SESSION_HEADER.decode())


def signed_in(*, here: bool = False) -> Actor | None:
    """Who is signed in, looked up anew: a session that ended or a person who was deactivated is None at once.

    Parameters
    ----------
    here : bool
        Whether somebody does something at this moment; a part of a page that draws itself anew keeps no session open.
    """
    from core.services.signing_in import sessions

    known = session()
    found = sessions.of_id(desk(), known, here=here) if known else None
    return found.actor if found is not None else None


def actor() -> Actor:
    """Who acts on this page: who is signed in; where nobody has to, the person chosen in the sidebar.

    Raises
    ------
    NotPermitted
        The session has ended.
    """
    if desk().settings.sign_in == OFF:
        return LOCAL_PEOPLE[Role(st.session_state.get(ACT_AS, Role.ANALYST))]
    found = signed_in()
    if found is None:
        raise NotPermitted("You are signed out.", "Sign in again to go on.")
    return found


def use_case() -> UseCase:
    """The use case chosen in the sidebar."""
    return desk().use_case(st.session_state[USE_CASE])


def cutoffs(key: str, version: str) -> tuple[float, ...]:
    """The champion's cutoffs of a version, descending."""
    card = desk().scorer(key, version).card
    return tuple(card.cutoffs.get(card.champion, ()))


@st.cache_resource(show_spinner=False, max_entries=32)
def _starts(key: str, version: str) -> dict[str, dict[str, Any]]:
    from core.services import scoring

    noun = desk().use_case(key).noun
    starts = {f"A typical {noun}": scoring.defaults(desk(), key)}
    for place, row in enumerate(scoring.sample_rows(desk(), key), start=1):
        starts[f"Held-out {noun} {place}"] = row
    return starts


def starts(key: str) -> dict[str, dict[str, Any]]:
    """Rows to start a form from, by what they are called; kept per version."""
    return _starts(key, desk().scorer(key).card.version)


@st.cache_resource(show_spinner="Putting the card together", max_entries=32)
def _model_card(key: str, version: str, acting: str | None, read_as: int) -> ModelCard:
    from core.services import model_card as service

    return service.model_card(desk(), actor(), key, version)


def model_card(key: str, version: str) -> ModelCard:
    """The card of a version, kept per definition of the use case and acting version, which it mentions."""
    require(actor(), Action.SEE_MODELS)
    return _model_card(key, version, _acting(key), _read_as(desk().use_case(key)))


def _acting(key: str) -> str:
    """Another text for every version and model that acts."""
    return f"{desk().acting_version(key)} {desk().ledger.alias_model(key, 'champion')}"


def _read_as(use_case: UseCase) -> int:
    """Another number for every policy in force, and for every edit of an adopted use case's file."""
    file = Path(use_case.origin)
    return hash((use_case.policy, file.stat().st_mtime_ns if file.is_file() else 0))


@st.cache_resource(show_spinner="Measuring promises", max_entries=32)
def _promises(key: str, acting: str | None) -> list[Promise]:
    from core.services import promises as service

    return service.promises(desk(), actor(), key)


def promises(key: str) -> list[Promise]:
    """The claims of a use case beside its acting version's figures, kept per version."""
    require(actor(), Action.SEE_MODELS)
    return _promises(key, _acting(key))


@st.cache_resource(show_spinner="Checking the contract", max_entries=32)
def _contract(_use_case: UseCase, key: str, read_as: int) -> list[CheckResult]:
    from core.services.contract import check_use_case

    return check_use_case(_use_case)


def contract(use_case: UseCase) -> list[CheckResult]:
    """The checks of a use case, run once per definition: an edited file is another definition."""
    return _contract(use_case, use_case.key, _read_as(use_case))


def shelf(page: str, key: str) -> dict[str, Any]:
    """What a page keeps for a use case while the session lasts."""
    kept: dict[str, Any] = st.session_state.setdefault(f"shelf:{page}:{key}", {})
    return kept


def overview() -> Overview:
    """What the home page shows, for the person who acts; the very first page leaves out what takes counting."""
    from core.services import overview as service

    return service.overview(desk(), actor(), hurried=not _drawn.is_set())


@st.cache_resource(show_spinner=False, max_entries=32)
def _summary(_job: JobState, job_id: str) -> FileSummary:
    from core.services import results

    return results.summary(desk(), actor(), _job)


def summary(job: JobState) -> FileSummary:
    """The figures of a finished job, kept; they never change."""
    require(actor(), Action.SEE)
    return _summary(job, job.id)
