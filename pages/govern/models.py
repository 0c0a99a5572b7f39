"""What acts and who let it: versions, promotions and their approvals, who was champion when; and every model card."""

from __future__ import annotations

from core.ui import frame, messages, model_cards, registry, registry_promotions, registry_timeline, state

use_case = state.use_case()
frame.heading("What acts, what is it worth, and who let it act?", use_case.question)

with messages.told():
    view = registry.pick_view(use_case)
    version = model_cards.pick_version(use_case, shown=view == "Model card")
    if version is not None and view == "Registry":
        registry.versions(use_case)
    elif version is not None and view == "Promotions":
        registry_promotions.promotions(use_case)
    elif version is not None and view == "Who was champion":
        registry_timeline.reigns(use_case)
    elif version is not None:
        card = state.model_card(use_case.key, version)
        model_cards.headline(card)
        model_cards.downloads(card)
        model_cards.chart(card)
        model_cards.body(card)
