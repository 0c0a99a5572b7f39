#!/bin/sh
# Starts the desk: trains what has never been trained, then serves. Arguments go to Streamlit.
set -eu
python -m core prepare
exec python -m streamlit run app.py \
    --server.address "${RINGSIDE_ADDRESS:-0.0.0.0}" \
    --server.port "${RINGSIDE_PORT:-8501}" \
    --server.headless true \
    --server.showEmailPrompt false \
    --logger.hideWelcomeMessage true \
    "$@"
