# One image for web, worker and dashboard; docker-compose.yml says which of them a container is.
FROM python:3.11.14-slim-bookworm

# The languages of scans, by Tesseract's names, such as eng+deu.
ARG OCR_LANGUAGES=eng

# The model server and object stores are reached over TLS. Scans are read with Tesseract's data.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates tesseract-ocr-eng \
        $(echo "$OCR_LANGUAGES" | tr '+_' '\n-' | sed 's/^/tesseract-ocr-/') \
    && rm -rf /var/lib/apt/lists/*

ENV PYTHONUNBUFFERED=1 \
    PYTHONPATH=/app

# /data exists with its owner, so that a new volume mounted there belongs to that owner.
RUN useradd --uid 10001 --create-home askqueue \
    && install --directory --mode 700 --owner askqueue --group askqueue /data

WORKDIR /app
COPY requirements.lock .
RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore \
    --require-hashes -r requirements.lock
COPY .streamlit/config.toml .streamlit/config.toml
COPY embedding_models embedding_models
COPY jobs jobs
COPY ui ui
COPY samples samples
# Here, for what runs in a container may not write to /app.
RUN python -m compileall -q jobs ui

USER askqueue
CMD ["streamlit", "run", "ui/server.py", "--server.address", "0.0.0.0", "--server.port", "8501"]
