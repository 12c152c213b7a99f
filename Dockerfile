# fakefal as a container: docker build -t fakefal . — what it is for is in docs/ci.md.
#
# BASE is any image with Python 3.11 or newer and pip. The same BASE, source and SOURCE_DATE_EPOCH give the same
# files: versions and hashes are pinned in docker/, nothing is compiled by chance, times are set.
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
ARG SOURCE_DATE_EPOCH=1767225600
# Where another index, or a folder of wheels, is used; pip reads these from the environment.
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ARG PIP_FIND_LINKS
ARG PIP_NO_INDEX
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore \
    PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0
WORKDIR /build
COPY docker docker
RUN python3 -m venv --without-pip /opt/fakefal \
 && python3 -m venv --without-pip tools \
 && python3 -m pip --python /opt/fakefal/bin/python3 install --quiet --no-compile --no-deps \
        --only-binary :all: --require-hashes -r docker/requirements.txt \
 && python3 -m pip --python tools/bin/python3 install --quiet --no-deps \
        --only-binary :all: --require-hashes -r docker/build-requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY fakefal fakefal
RUN python3 -m pip --python tools/bin/python3 wheel --quiet --no-deps --no-build-isolation \
        --no-index -w dist . \
 && python3 -m pip --python /opt/fakefal/bin/python3 install --quiet --no-compile --no-deps \
        --no-index dist/*.whl \
 && rm -f /opt/fakefal/lib/python3*/site-packages/fakefal-*.dist-info/direct_url.json \
 && /opt/fakefal/bin/python3 -m compileall -qf --invalidation-mode unchecked-hash \
        /opt/fakefal/lib \
 && find /opt/fakefal -exec touch -h -d "@${SOURCE_DATE_EPOCH}" {} +

FROM ${BASE}
ARG SOURCE_DATE_EPOCH=1767225600
LABEL org.opencontainers.image.title="fakefal" \
      org.opencontainers.image.description="A local fake of fal.ai" \
      org.opencontainers.image.licenses="MIT"
# A user of its own; /ca holds the certificate for other containers, its key stays in the home.
RUN echo "fakefal:x:10001:10001::/home/fakefal:/usr/sbin/nologin" >> /etc/passwd \
 && echo "fakefal:x:10001:" >> /etc/group \
 && mkdir -p /home/fakefal /ca /scenarios \
 && chown 10001:10001 /home/fakefal /ca \
 && touch -d "@${SOURCE_DATE_EPOCH}" /home/fakefal /ca /scenarios /etc/passwd /etc/group
COPY --from=build /opt/fakefal /opt/fakefal
ENV PATH=/opt/fakefal/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    HOME=/home/fakefal \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    FAKEFAL_HOME=/home/fakefal \
    FAKEFAL_SCENARIOS=/scenarios \
    FAKEFAL_CA_FILE=/ca/ca.pem \
    FAKEFAL_HOST=0.0.0.0 \
    FAKEFAL_PORT=8787 \
    FAKEFAL_TLS_PORT=8443
USER 10001:10001
WORKDIR /home/fakefal
VOLUME ["/home/fakefal", "/ca"]
EXPOSE 8787 8443 443
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=3 CMD ["fakefal", "health"]
ENTRYPOINT ["fakefal"]
CMD ["serve"]
