# The runner: `docker build -t pvt . && docker run --rm pvt demo`.
#
# Builds with the classic builder and with BuildKit, so there is no `# syntax=` line, no heredoc,
# no `RUN --mount` and no `COPY --link`.
ARG BASE=python:3.13-slim

# Whatever pip and the build leave behind stays in this stage.
FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /build
# `--build-arg EXTRAS=webrtc` brings what calls over WebRTC need, 130 MB.
ARG EXTRAS=""
COPY requirements/ requirements/
RUN pip install --require-hashes -r requirements/build.txt \
    && python -m venv --without-pip /opt/pvt \
    && pip --python /opt/pvt/bin/python install --no-compile --require-hashes \
        -r requirements/runtime.txt -r requirements/speech.txt \
        ${EXTRAS:+-r "requirements/${EXTRAS}.txt"}
# A third of what was installed serves the libraries' own authors: their tests, tools to make
# models, a second copy of onnxruntime for C programs, stubs and headers. Pillow draws PNG here,
# and needs neither AVIF, WebP nor colour profiles.
RUN find /opt/pvt -type d -name tests -prune -exec rm -rf {} + \
    && find /opt/pvt -type f \
        \( -name '*.pyi' -o -name '*.pxd' -o -name '*.a' -o -name '*.h' \) -delete \
    && rm -rf /opt/pvt/lib/python3*/site-packages/onnxruntime/backend \
        /opt/pvt/lib/python3*/site-packages/onnxruntime/datasets \
        /opt/pvt/lib/python3*/site-packages/onnxruntime/quantization \
        /opt/pvt/lib/python3*/site-packages/onnxruntime/tools \
        /opt/pvt/lib/python3*/site-packages/onnxruntime/transformers \
        /opt/pvt/lib/python3*/site-packages/onnxruntime/capi/libonnxruntime.so.* \
        /opt/pvt/lib/python3*/site-packages/PIL/_avif.* \
        /opt/pvt/lib/python3*/site-packages/PIL/_imagingcms.* \
        /opt/pvt/lib/python3*/site-packages/PIL/_webp.* \
        /opt/pvt/lib/python3*/site-packages/pillow.libs/libavif-* \
        /opt/pvt/lib/python3*/site-packages/pillow.libs/liblcms2-* \
        /opt/pvt/lib/python3*/site-packages/pillow.libs/libsharpyuv-* \
        /opt/pvt/lib/python3*/site-packages/pillow.libs/libwebp*
COPY pyproject.toml README.md LICENSE ./
COPY examples/scenarios/ examples/scenarios/
COPY runner/ runner/
RUN pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
    && pip --python /opt/pvt/bin/python install --no-compile --no-deps dist/*.whl
# `/image` is what the final stage has beside its base. Any user may write to `/repo`.
COPY tools/precompile tools/precompile
RUN ORT_DISABLE_TELEMETRY=1 /opt/pvt/bin/python tools/precompile /image \
    && cp -a --parents /opt/pvt /image \
    && mkdir -m 1777 /image/repo

FROM ${BASE}
ARG BASE
LABEL org.opencontainers.image.base.name="${BASE}" \
      org.opencontainers.image.title="pipecat-voice-test" \
      org.opencontainers.image.description="Phones your Pipecat bot in CI, talks over it, and measures what a caller would have heard." \
      org.opencontainers.image.licenses="Apache-2.0 AND MIT AND BSD-3-Clause"
# For `--bot-compose`; it needs no `docker` command beside it.
# A version cannot be pinned: Debian keeps only the newest of a release.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends docker-compose \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log \
    && /usr/libexec/docker/cli-plugins/docker-compose version
COPY --from=build /image/ /

# The cache of spoken texts lies where every user can write, also with `--read-only --tmpfs /tmp`.
# Standard output reaches a CI system's log at once.
ENV PATH=/opt/pvt/bin:${PATH} \
    ORT_DISABLE_TELEMETRY=1 \
    PVT_CACHE_DIR=/tmp/pipecat-voice-test \
    PYTHONUNBUFFERED=1
# Where the documentation mounts a repository. GitHub Actions sets its own.
WORKDIR /repo
# No USER: the action must be able to write the workspace, which belongs to somebody else.
ENTRYPOINT ["/opt/pvt/bin/pipecat-voice-test"]
