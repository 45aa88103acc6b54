#!/usr/bin/env bash
# SeaweedFS as a second S3 server, which was written by other people than the first: conditional
# writes are atomic there, too.
#
#   weed.sh FOLDER PORT     serves on 127.0.0.1 until it is killed; takes PORT to PORT + 7
set -euo pipefail
folder=$1 port=$2

mkdir -p "$folder/data"
cat > "$folder/s3.json" <<'JSON'
{"identities": [{"name": "test",
  "credentials": [{"accessKey": "test", "secretKey": "test"}],
  "actions": ["Admin", "Read", "Write", "List", "Tagging"]}]}
JSON

# Without `volume.max` the ninth volume would answer every write with an internal error.
exec weed server -dir="$folder/data" -ip=127.0.0.1 -ip.bind=127.0.0.1 \
  -filer -s3 -s3.iam=false -s3.port.iceberg=0 -s3.port.lance=0 -s3.config="$folder/s3.json" \
  -s3.port="$port" -s3.port.grpc=$((port + 1)) \
  -filer.port=$((port + 2)) -filer.port.grpc=$((port + 3)) \
  -master.port=$((port + 4)) -master.port.grpc=$((port + 5)) \
  -volume.port=$((port + 6)) -volume.port.grpc=$((port + 7)) \
  -master.volumeSizeLimitMB=16 -volume.max=1000
