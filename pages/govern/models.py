"""What is known of a version: purpose, data, figures beside baseline and ceiling, limits, files."""

from __future__ import annotations

from core.ui import frame, messages, model_cards, state

use_case = state.use_case()
frame.heading("What is this model worth, and how do we know?", use_case.question)

with messages.told():
    version = model_cards.pick_version(use_case)
    if version is not None:
        card = state.model_card(use_case.key, version)
        model_cards.headline(card)
        model_cards.downloads(card)
        model_cards.chart(card)
        model_cards.body(card)
