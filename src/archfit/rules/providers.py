"""Packages that bring a header or a library, for the platforms that texts speak of.

Names are those of Debian 12, Alpine 3.20, Fedora 40 and Homebrew, taken from their package
indexes; what is not here is looked for with the package manager's own search.
"""

from __future__ import annotations

from archfit.formats.spoken_of import Platform

#: (start of the header, library) -> packages of Debian, Alpine, Fedora, Homebrew.
_ROWS: tuple[tuple[str, str, str, str, str, str], ...] = (
    ("zlib.h", "z", "zlib1g-dev", "zlib-dev", "zlib-devel", "zlib"),
    ("openssl/", "ssl", "libssl-dev", "openssl-dev", "openssl-devel", "openssl"),
    ("openssl/", "crypto", "libssl-dev", "openssl-dev", "openssl-devel", "openssl"),
    ("sqlite3.h", "sqlite3", "libsqlite3-dev", "sqlite-dev", "sqlite-devel", "sqlite"),
    ("curl/", "curl", "libcurl4-openssl-dev", "curl-dev", "libcurl-devel", "curl"),
    ("Python.h", "python3", "python3-dev", "python3-dev", "python3-devel", "python"),
    ("ffi.h", "ffi", "libffi-dev", "libffi-dev", "libffi-devel", "libffi"),
    ("libxml/", "xml2", "libxml2-dev", "libxml2-dev", "libxml2-devel", "libxml2"),
    ("libpq-fe.h", "pq", "libpq-dev", "libpq-dev", "libpq-devel", "libpq"),
    ("mysql", "mysqlclient", "default-libmysqlclient-dev", "mariadb-dev", "mysql-devel", "mysql"),
    ("pcap", "pcap", "libpcap-dev", "libpcap-dev", "libpcap-devel", "libpcap"),
    ("X11/", "X11", "libx11-dev", "libx11-dev", "libX11-devel", "libx11"),
    ("X11/Xcursor", "Xcursor", "libxcursor-dev", "libxcursor-dev", "libXcursor-devel", ""),
    ("X11/extensions/Xrandr", "Xrandr", "libxrandr-dev", "libxrandr-dev", "libXrandr-devel", ""),
    ("GL/", "GL", "libgl1-mesa-dev", "mesa-dev", "mesa-libGL-devel", "mesa"),
    ("alsa/", "asound", "libasound2-dev", "alsa-lib-dev", "alsa-lib-devel", ""),
    ("gtk/", "gtk-3", "libgtk-3-dev", "gtk+3.0-dev", "gtk3-devel", "gtk+3"),
    ("glib.h", "glib-2.0", "libglib2.0-dev", "glib-dev", "glib2-devel", "glib"),
    ("webkit2/", "webkit2gtk-4.0", "libwebkit2gtk-4.1-dev", "webkit2gtk-4.1-dev", "", ""),
    ("vips/", "vips", "libvips-dev", "vips-dev", "vips-devel", "vips"),
    ("MagickWand/", "MagickWand", "libmagickwand-dev", "imagemagick-dev", "", "imagemagick"),
    ("opencv2/", "opencv_core", "libopencv-dev", "opencv-dev", "opencv-devel", "opencv"),
    ("git2.h", "git2", "libgit2-dev", "libgit2-dev", "libgit2-devel", "libgit2"),
    ("zmq.h", "zmq", "libzmq3-dev", "zeromq-dev", "zeromq-devel", "zeromq"),
    ("czmq.h", "czmq", "libczmq-dev", "czmq-dev", "czmq-devel", "czmq"),
    (
        "librdkafka/",
        "rdkafka",
        "librdkafka-dev",
        "librdkafka-dev",
        "librdkafka-devel",
        "librdkafka",
    ),
    ("rocksdb/", "rocksdb", "librocksdb-dev", "rocksdb-dev", "rocksdb-devel", "rocksdb"),
    ("leveldb/", "leveldb", "libleveldb-dev", "leveldb-dev", "leveldb-devel", "leveldb"),
    ("snappy", "snappy", "libsnappy-dev", "snappy-dev", "snappy-devel", "snappy"),
    ("lz4.h", "lz4", "liblz4-dev", "lz4-dev", "lz4-devel", "lz4"),
    ("zstd.h", "zstd", "libzstd-dev", "zstd-dev", "libzstd-devel", "zstd"),
    ("bzlib.h", "bz2", "libbz2-dev", "bzip2-dev", "bzip2-devel", "bzip2"),
    ("lzma.h", "lzma", "liblzma-dev", "xz-dev", "xz-devel", "xz"),
    ("gmp.h", "gmp", "libgmp-dev", "gmp-dev", "gmp-devel", "gmp"),
    ("seccomp.h", "seccomp", "libseccomp-dev", "libseccomp-dev", "libseccomp-devel", ""),
    ("btrfs/", "btrfs", "libbtrfs-dev", "btrfs-progs-dev", "btrfs-progs-devel", ""),
    ("gpgme.h", "gpgme", "libgpgme-dev", "gpgme-dev", "gpgme-devel", "gpgme"),
    ("libdevmapper.h", "devmapper", "libdevmapper-dev", "lvm2-dev", "device-mapper-devel", ""),
    ("systemd/", "systemd", "libsystemd-dev", "", "systemd-devel", ""),
    ("libudev.h", "udev", "libudev-dev", "eudev-dev", "systemd-devel", ""),
    ("libusb", "usb-1.0", "libusb-1.0-0-dev", "libusb-dev", "libusb1-devel", "libusb"),
    ("security/pam", "pam", "libpam0g-dev", "linux-pam-dev", "pam-devel", ""),
    (
        "portaudio.h",
        "portaudio",
        "portaudio19-dev",
        "portaudio-dev",
        "portaudio-devel",
        "portaudio",
    ),
    ("SDL2/", "SDL2", "libsdl2-dev", "sdl2-dev", "SDL2-devel", "sdl2"),
    ("sodium.h", "sodium", "libsodium-dev", "libsodium-dev", "libsodium-devel", "libsodium"),
    ("oniguruma.h", "onig", "libonig-dev", "oniguruma-dev", "oniguruma-devel", "oniguruma"),
    ("readline/", "readline", "libreadline-dev", "readline-dev", "readline-devel", "readline"),
    ("ncurses", "ncurses", "libncurses-dev", "ncurses-dev", "ncurses-devel", "ncurses"),
    ("jpeglib.h", "jpeg", "libjpeg-dev", "libjpeg-turbo-dev", "libjpeg-turbo-devel", "jpeg"),
    ("png.h", "png", "libpng-dev", "libpng-dev", "libpng-devel", "libpng"),
    ("webp/", "webp", "libwebp-dev", "libwebp-dev", "libwebp-devel", "webp"),
    ("tesseract/", "tesseract", "libtesseract-dev", "tesseract-ocr-dev", "", "tesseract"),
    ("leptonica/", "lept", "libleptonica-dev", "leptonica-dev", "leptonica-devel", "leptonica"),
    ("gdal", "gdal", "libgdal-dev", "gdal-dev", "gdal-devel", "gdal"),
    ("geos_c.h", "geos_c", "libgeos-dev", "geos-dev", "geos-devel", "geos"),
    ("sql.h", "odbc", "unixodbc-dev", "unixodbc-dev", "unixODBC-devel", "unixodbc"),
    ("boost/", "boost_system", "libboost-all-dev", "boost-dev", "boost-devel", "boost"),
    ("Eigen/", "eigen3", "libeigen3-dev", "eigen-dev", "eigen3-devel", "eigen"),
    ("libavcodec/", "avcodec", "libavcodec-dev", "ffmpeg-dev", "ffmpeg-devel", "ffmpeg"),
    ("libavformat/", "avformat", "libavformat-dev", "ffmpeg-dev", "ffmpeg-devel", "ffmpeg"),
    ("portmidi.h", "portmidi", "libportmidi-dev", "portmidi-dev", "portmidi-devel", "portmidi"),
    ("linux/", "", "linux-libc-dev", "linux-headers", "kernel-headers", ""),
    ("stdio.h", "c", "libc6-dev", "musl-dev", "glibc-devel", ""),
    ("stdlib.h", "", "libc6-dev", "musl-dev", "glibc-devel", ""),
    ("", "crt1", "libc6-dev", "musl-dev", "glibc-devel", ""),
    ("", "stdc++", "g++", "g++", "libstdc++-devel", ""),
    ("", "atomic", "libatomic1", "libatomic", "libatomic", ""),
    ("iostream", "", "g++", "g++", "gcc-c++", ""),
)
_FIELDS = {"debian": 2, "alpine": 3, "fedora": 4, "darwin": 5}
_INSTALL = {
    "debian": "apt-get install {}",
    "alpine": "apk add {}",
    "fedora": "dnf install {}",
    "darwin": "brew install {}",
    "arch": "pacman -S {}",
}


def install(platform: Platform, header: str = "", library: str = "") -> str:
    """The command that installs what brings the header or the library, "" when not known."""
    where = _where(platform)
    field = _FIELDS.get(where)
    if field is None:
        return ""
    best: tuple[int, str] = (0, "")
    for row in _ROWS:
        if header and row[0] and header.startswith(row[0]):
            best = max(best, (len(row[0]), row[field]))
        elif library and library == row[1]:
            return _INSTALL[where].format(row[field]) if row[field] else ""
    return _INSTALL[where].format(best[1]) if best[1] else ""


def search(platform: Platform, file: str) -> str:
    """The command that finds the package which brings ``file``."""
    where = _where(platform)
    return {
        "alpine": f"apk search -v '*{file.rsplit('/', 1)[-1].split('.', maxsplit=1)[0]}*'",
        "fedora": f"dnf provides '*/{file}'",
        "darwin": f"mdfind -name {file.rsplit('/', 1)[-1]}; brew search"
        " {file.split('/', maxsplit=1)[0]}",
        "arch": f"pacman -F {file}",
    }.get(where, f"apt-get install apt-file && apt-file update && apt-file search {file}")


def _where(platform: Platform) -> str:
    if platform.os == "darwin":
        return "darwin"
    return platform.distribution or "debian"
