# One image for the web server and every worker; docker-compose.yml says which of them a container is.
FROM python:3.12-slim

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1

RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin thor \
    && install --directory --owner=thor --group=thor --mode=0750 /var/lib/thor

WORKDIR /opt/thor
COPY requirements.txt .
RUN pip install --require-hashes -r requirements.txt
COPY wsgi.py celeryconfig.py gunicorn.conf.py ./
COPY migrations migrations
COPY workers workers
COPY app app
COPY docker/entrypoint.sh /usr/local/bin/thor-entrypoint

USER thor
ENV STATE_DIR=/var/lib/thor
EXPOSE 8000
ENTRYPOINT ["sh", "/usr/local/bin/thor-entrypoint"]
CMD ["gunicorn", "--workers", "1", "--threads", "256", "--worker-connections", "2000", \
     "--graceful-timeout", "3", "--no-control-socket", "--bind", "0.0.0.0:8000", "wsgi:app"]
