#!/bin/sh
# Without DOCKER_TLS_CERTDIR the engine listens on 2375; with it, on 2376, and clients find their
# certificates in its folder `client`.
#
# The certificates have no more in them than those of docker:dind before 28.2, which are still
# around: Python 3.13 and later take them for incomplete unless told otherwise.
#
# Sources: https://hub.docker.com/_/docker, "TLS"; https://github.com/docker-library/docker/pull/536
set -eu

certs=${DOCKER_TLS_CERTDIR:-}
if [ -z "$certs" ]; then
    exec dockerd --host=unix:///var/run/docker.sock --host=tcp://0.0.0.0:2375 --tls=false "$@"
fi

new_key() { openssl ecparam -genkey -name prime256v1 -noout -out "$1"; }

# issue WHO EXTENSION
issue() {
    mkdir -p "$certs/$1"
    cp "$certs/ca/cert.pem" "$certs/$1/ca.pem"
    new_key "$certs/$1/key.pem"
    openssl req -new -key "$certs/$1/key.pem" -subj "/CN=$1" -out "$certs/$1/request.pem"
    echo "$2" >"$certs/$1/extensions"
    openssl x509 -req -days 30 -in "$certs/$1/request.pem" -extfile "$certs/$1/extensions" \
        -CA "$certs/ca/cert.pem" -CAkey "$certs/ca/key.pem" -out "$certs/$1/cert.pem"
}

mkdir -p "$certs/ca"
new_key "$certs/ca/key.pem"
openssl req -new -x509 -days 30 -key "$certs/ca/key.pem" -subj "/CN=CA" -out "$certs/ca/cert.pem"
issue server "subjectAltName=DNS:docker,DNS:localhost,IP:127.0.0.1"
issue client "extendedKeyUsage=clientAuth"
exec dockerd --host=unix:///var/run/docker.sock --host=tcp://0.0.0.0:2376 --tlsverify \
    --tlscacert="$certs/server/ca.pem" --tlscert="$certs/server/cert.pem" \
    --tlskey="$certs/server/key.pem" "$@"
