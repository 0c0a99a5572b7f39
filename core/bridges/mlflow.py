"""MLflow as a shelf elsewhere: runs with a bundle's files, numbered model versions, aliases.

The only file that imports mlflow (mlflow-skinny, an optional dependency), and only when a shelf is opened. Nothing
here loads a model: files go over as they are and come back as bytes, for the caller to check.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from core.errors import DeskError, InputError, NotReady, UnknownName

_NOT_THERE = "RESOURCE_DOES_NOT_EXIST"
FOLDER = "bundle"  # of a run's artifacts
_LONGEST_PARAM, _PARAMS_AT_ONCE, _METRICS_AT_ONCE = 6_000, 100, 1_000  # what a server takes
_DEFAULTS = {  # the library's own: reports its use to its makers, tries for minutes, draws bars
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
}
_ANOTHER = "Start the server, or name another with --uri."
_SIGN_IN = "MLflow reads MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN."


@dataclass(frozen=True)
class Kept:
    """A model version over there."""

    number: str  # MLflow's own: 1, 2, ... in the order of arrival
    run_id: str
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Sent:
    """What is written of a version: a run with files, figures and facts, then a model version on top of it."""

    run_name: str
    files: tuple[Path, ...]
    metrics: Mapping[str, float]
    params: Mapping[str, str]
    tags: Mapping[str, str]  # of the run and of the model version
    description: str


def without_password(uri: str) -> str:
    """An address as it may be shown and kept.

    >>> without_password("https://ada:secret@models.example:5000/x")
    'https://models.example:5000/x'
    >>> without_password("sqlite:////var/mlflow.db")
    'sqlite:////var/mlflow.db'
    """
    parts = urlsplit(uri)
    if "@" not in parts.netloc:
        return uri
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def plain_name(name: str) -> str:
    """A metric's or parameter's name with the characters that every server takes.

    >>> plain_name("held_out/lightgbm/f1:full")
    'held_out/lightgbm/f1.full'
    """
    return re.sub(r"[^\w.\- /]", ".", name)[:250]


class MlflowShelf:
    """One MLflow server, or the database of one.

    Parameters
    ----------
    uri : str
        http(s)://..., or sqlite:///file.

    Raises
    ------
    NotReady
        mlflow is not installed, or nothing answers.
    InputError
        The address is none that MLflow knows.
    """

    def __init__(self, uri: str) -> None:
        for name, value in _DEFAULTS.items():
            os.environ.setdefault(name, value)
        self.shown = without_password(uri)
        try:
            from mlflow import MlflowClient
        except ImportError as error:
            raise NotReady(
                f"mlflow is not installed here ({error}).",
                "Run: python -m pip install -r requirements-mlflow.txt",
            ) from None
        with self._in_words():
            self._client = MlflowClient(tracking_uri=uri, registry_uri=uri)

    def versions(self, name: str) -> list[Kept]:
        """Model versions of a model, oldest first; none for a model that is not there."""
        with self._in_words():
            found, token = [], None
            while True:
                page = self._client.search_model_versions(f"name='{name}'", max_results=200, page_token=token)
                found += [Kept(str(item.version), str(item.run_id), dict(item.tags)) for item in page]
                token = page.token
                if not token:
                    return sorted(found, key=lambda kept: int(kept.number))

    def aliases(self, name: str) -> dict[str, str]:
        """Alias -> number of the model version it points at."""
        with self._in_words():
            model = self._model(name)
        return {alias: str(number) for alias, number in model.aliases.items()} if model is not None else {}

    def models(self) -> list[str]:
        """Names of models over there, at most a hundred, by name."""
        with self._in_words():
            return sorted(str(model.name) for model in self._client.search_registered_models(max_results=100))

    def point(self, name: str, alias: str, number: str | None) -> None:
        """Point an alias at a model version, or at none."""
        with self._in_words():
            if number is None:
                self._client.delete_registered_model_alias(name, alias)
            else:
                self._client.set_registered_model_alias(name, alias, number)

    def tag(self, name: str, number: str, tag: str, value: str) -> None:
        """Write a fact beside a model version."""
        with self._in_words():
            self._client.set_model_version_tag(name, number, tag, value)

    def put(self, name: str, sent: Sent) -> Kept:
        """Write a run and register a model version on top of it; a run that breaks off is left marked as failed."""
        with self._in_words():
            run = self._client.create_run(self._experiment(name), run_name=sent.run_name, tags=dict(sent.tags))
            run_id = run.info.run_id
            try:
                self._log(run_id, sent)
                if self._model(name) is None:
                    self._client.create_registered_model(name)
                source = f"{run.info.artifact_uri.rstrip('/')}/{FOLDER}"
                made = self._client.create_model_version(
                    name, source, run_id=run_id, tags=dict(sent.tags), description=sent.description
                )
            except BaseException:
                with suppress(Exception):  # what went wrong is told by the error that is under way
                    self._client.update_run(run_id, status="FAILED")
                raise
            self._client.update_run(run_id, status="FINISHED")
        return Kept(str(made.version), str(run_id), sent.tags)

    def fetch(self, kept: Kept, file: str, folder: Path) -> Path:
        """Copy one file of a model version into a folder.

        Raises
        ------
        UnknownName
            It is not there.
        """
        try:
            with self._in_words():
                return Path(self._client.download_artifacts(kept.run_id, f"{FOLDER}/{file}", str(folder)))
        except InputError as error:
            if error.data.get("code") != _NOT_THERE:
                raise
            raise UnknownName(f"file of version {kept.number} at {self.shown} named", file, ()) from None

    def _experiment(self, name: str) -> str:
        known = self._client.get_experiment_by_name(name)
        return str(known.experiment_id if known is not None else self._client.create_experiment(name))

    def _model(self, name: str) -> Any:
        """The registered model, or None."""
        from mlflow.exceptions import MlflowException

        try:
            return self._client.get_registered_model(name)
        except MlflowException as error:
            if error.error_code != _NOT_THERE:
                raise
            return None

    def _log(self, run_id: str, sent: Sent) -> None:
        from time import time

        from mlflow.entities import Metric, Param

        now = int(time() * 1_000)
        metrics = [Metric(name, value, now, 0) for name, value in sent.metrics.items()]
        params = [Param(name, value[:_LONGEST_PARAM]) for name, value in sent.params.items()]
        for some in _pieces(metrics, _METRICS_AT_ONCE):
            self._client.log_batch(run_id, metrics=some)
        for some in _pieces(params, _PARAMS_AT_ONCE):
            self._client.log_batch(run_id, params=some)
        for path in sent.files:
            self._client.log_artifact(run_id, str(path), FOLDER)

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        """What the library raises, as an error with a message for a person."""
        from mlflow.exceptions import MlflowException
        from requests import RequestException

        try:
            yield
        except MlflowException as error:
            raise _told(self.shown, str(error.error_code), str(error)) from error
        except (RequestException, OSError) as error:
            raise _told(self.shown, "", f"{type(error).__name__}: {error}") from error


def _pieces(items: list[Any], size: int) -> Iterable[list[Any]]:
    return (items[first : first + size] for first in range(0, len(items), size))


def _told(shown: str, code: str, text: str) -> DeskError:
    """The error for what MLflow answered: its code, else its text, says which."""
    if any(sign in text for sign in ("Max retries exceeded", "ConnectionError", "Timeout")):
        return NotReady(f"MLflow at {shown} does not answer.", _ANOTHER, code=code)
    if code == "ENDPOINT_NOT_FOUND":
        return InputError(f"What answers at {shown} is not an MLflow server.", _ANOTHER, code=code)
    if code in ("UNAUTHENTICATED", "PERMISSION_DENIED"):
        what = "wants to know who asks" if code == "UNAUTHENTICATED" else "does not allow this to whoever asks"
        return InputError(f"MLflow at {shown} {what}.", _SIGN_IN, code=code)
    said = " ".join(text.split())
    return InputError(f"MLflow at {shown} refused: {said[:300]}", _ANOTHER if not code else "", code=code)
