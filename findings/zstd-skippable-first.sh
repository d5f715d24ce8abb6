#!/bin/sh
# A file of pzstd read with python-zstandard: whole, nothing, or an error, by the function that is called
#
# Version: zstandard 0.25.0 (PyPI), on a file of pzstd 1.5.4 (Debian's zstd 1.5.4+dfsg2-5).
# Seen:    pzstd puts a skippable frame of 4 bytes, the length of the next frame, before each frame. stream_reader(),
#          copy_stream() and open() read the file whole. read_to_iter() and decompressobj() end after that first frame:
#          no bytes, no error. decompress() fails, "decompressed 0 bytes; expected 4", because content_size of the
#          frame's parameters is the skippable frame's own length; frame_content_size() says 0.
# Source:  RFC 8878, section 3.1.2: a decoder skips skippable frames. zstandard's documentation has read_across_frames
#          for stream_reader() and decompressobj(), for files of several frames. zstd.h, ZSTD_FrameHeader: of a
#          skippable frame frameContentSize is the length. facebook/zstd, issue 3255: why pzstd begins with one.
# Guess:   The default, one frame, means the first frame with content.
#
# Leaves with 77 where the packages, Debian 12's and PyPI's, are missing.
set -eu
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
trap 'exit 130' HUP INT TERM
cd "$here"

skip() { echo "skipped: $1"; exit 77; }
mkdir -p lists/partial cache/archives/partial
apt="apt-get -qq -o Dir::State::Lists=$here/lists -o Dir::Cache=$here/cache -o APT::Sandbox::User=root"
$apt update && $apt download zstd=1.5.4+dfsg2-5 || skip "no such package"
dpkg-deb -x zstd_*.deb root
pip install -q --no-cache-dir --root-user-action=ignore --target packages zstandard==0.25.0 || skip "no zstandard 0.25.0"

seq 1 50000 >numbers
root/usr/bin/pzstd -q -p 1 numbers -o numbers.zst
export PYTHONPATH="$here/packages" PYTHONDONTWRITEBYTECODE=1
seen=$(
    echo "first bytes: $(head -c 8 numbers.zst | od -An -tx1 | xargs)"
    echo "zstd -dc: $(root/usr/bin/zstd -dc numbers.zst | wc -c)"
    python3 - <<'IN'
import io
import zstandard

data = open("numbers.zst", "rb").read()
reader = zstandard.ZstdDecompressor()


def copied():
    out = io.BytesIO()
    reader.copy_stream(io.BytesIO(data), out)
    return out.getvalue()


for name, read in [
    ("stream_reader", lambda: reader.stream_reader(io.BytesIO(data)).read()),
    ("copy_stream", copied),
    ("open", lambda: zstandard.open("numbers.zst", "rb").read()),
    ("read_to_iter", lambda: b"".join(reader.read_to_iter(io.BytesIO(data)))),
    ("decompressobj", lambda: reader.decompressobj().decompress(data)),
    ("decompress", lambda: reader.decompress(data)),
]:
    try:
        print(f"{name}: {len(read())}")
    except zstandard.ZstdError as error:
        print(f"{name}: {error}")
sizes = zstandard.frame_content_size(data), zstandard.get_frame_parameters(data).content_size
print("frame_content_size, content_size:", *sizes)
IN
)
printf '%s\n' "$seen"
[ "$seen" = "first bytes: 50 2a 4d 18 04 00 00 00
zstd -dc: 288894
stream_reader: 288894
copy_stream: 288894
open: 288894
read_to_iter: 0
decompressobj: 0
decompress: decompression error: decompressed 0 bytes; expected 4
frame_content_size, content_size: 0 4" ] || { echo "changed"; exit 1; }
