# One image for the API, the worker and the migration: docker build -t title1 .
# With a browser: docker build --build-arg WITH_CHROMIUM=1 -t title1 .  Without text recognition: WITH_TESSERACT=0
FROM python:3.13-slim AS build
WORKDIR /build
RUN python -m venv /opt/title1
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# The dependencies are a layer of their own: it changes with the lock only.
COPY requirements.lock ./
RUN /opt/title1/bin/pip install --require-hashes --requirement requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY extraction extraction
COPY storage storage
COPY crawler crawler
COPY control_api control_api
RUN /opt/title1/bin/pip install --no-deps .

FROM python:3.13-slim
ARG WITH_CHROMIUM=0
ARG WITH_TESSERACT=1
RUN packages=""; \
    if [ "$WITH_CHROMIUM" = 1 ]; then packages="$packages chromium"; fi; \
    if [ "$WITH_TESSERACT" = 1 ]; then packages="$packages tesseract-ocr"; fi; \
    if [ -n "$packages" ]; then \
        apt-get update && apt-get install -y --no-install-recommends $packages && rm -rf /var/lib/apt/lists/*; \
    fi
RUN useradd --uid 10001 --user-group --create-home --shell /usr/sbin/nologin title1 \
    && install -d -o title1 -g title1 -m 0750 /var/lib/title1
COPY --from=build /opt/title1 /opt/title1
WORKDIR /app
# `scrapy` finds the crawler by this file.
COPY scrapy.cfg ./
# A container without privileges is the browser's cage; Chromium's own needs some of them.
ENV PATH=/opt/title1/bin:$PATH PYTHONUNBUFFERED=1 TITLE1_DATA_DIR=/var/lib/title1 TITLE1_BROWSER_SANDBOX=false
USER title1
VOLUME /var/lib/title1
EXPOSE 8000
# Asks the API; a container that runs something else switches this off, as docker-compose.yml does for the worker.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=6 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/ready', timeout=4)"]
CMD ["title1", "api", "--host", "0.0.0.0", "--port", "8000"]
