# The scoring service alone: ONNX Runtime, without PyTorch, which training and sampling need.
#
#   docker build -t humouse .
#   docker run -p 8000:8000 -e HUMOUSE_TOKENS="$(openssl rand -hex 24)" -v humouse:/data humouse

FROM python:3.11-slim

COPY constraints.txt /tmp/constraints.txt
RUN pip install --no-cache-dir -c /tmp/constraints.txt \
    fastapi hydra-core jaxtyping numpy omegaconf onnxruntime polars prometheus-client 'psycopg[binary]' \
    pyyaml rich scipy sqlalchemy uvicorn

COPY pyproject.toml README.md LICENSE /build/
COPY src /build/src
RUN pip install --no-cache-dir --no-deps /build && rm -r /build

RUN useradd --create-home humouse && mkdir /data && chown humouse /data
USER humouse
WORKDIR /data
VOLUME /data
EXPOSE 8000

# Ten seconds to end; what was acknowledged is in the database already.
STOPSIGNAL SIGTERM
HEALTHCHECK --start-period=20s CMD ["python", "-c", \
    "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=5)"]
ENTRYPOINT ["humouse", "serve", "host=0.0.0.0"]
