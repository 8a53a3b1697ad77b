"""Run OpenStack Swift with its S3 API in one unprivileged process, until stdin is closed.

A script, not a test: eventlet replaces the whole interpreter's sockets, so Swift runs by itself.
`python swift_server.py FOLDER ACCESS SECRET` prints `ready HOST:PORT`. The folder's filesystem must
know user xattrs, where Swift keeps what belongs to an object.
"""

import eventlet

eventlet.monkey_patch()

import io  # noqa: E402
import os  # noqa: E402
import shutil  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

from eventlet import hubs, wsgi  # noqa: E402

HOST = "127.0.0.1"
BACKENDS = ("account", "container", "object")
FILTERS = {
    "catch_errors": "",
    "gatekeeper": "",
    "listing_formats": "",
    "s3api": "location = us-east-1\nmin_segment_size = 5242880\n",
    "tempauth": "user_{account}_{user} = {secret} .admin\n",
    "copy": "",
    "slo": "",
}
CLUSTER = """\
[swift-hash]
swift_hash_path_prefix = tests
swift_hash_path_suffix = only
[storage-policy:0]
name = one-copy
default = yes
"""
EVERYWHERE = """\
[DEFAULT]
swift_dir = {folder}
devices = {folder}/devices
mount_check = false
disable_fallocate = true
fallocate_reserve = 0
log_level = CRITICAL
conn_timeout = 20
node_timeout = 60
"""


def backend_config(folder: Path, role: str) -> Path:
    """The configuration of an account, container or object server."""
    config = folder / f"{role}.conf"
    config.write_text(EVERYWHERE.format(folder=folder) + f"[app:main]\nuse = egg:swift#{role}\n")
    return config


def proxy_config(folder: Path, access: str, secret: str) -> Path:
    """The configuration of the server that speaks S3 and knows one key."""
    account, user = access.split(":")
    sections = [EVERYWHERE.format(folder=folder)]
    sections.append(f"[pipeline:main]\npipeline = {' '.join(FILTERS)} proxy-server\n")
    for name, options in FILTERS.items():
        own = options.format(account=account, user=user, secret=secret)
        sections.append(f"[filter:{name}]\nuse = egg:swift#{name}\n{own}")
    sections.append("[app:proxy-server]\nuse = egg:swift#proxy\naccount_autocreate = true\n")
    config = folder / "proxy.conf"
    config.write_text("".join(sections))
    return config


def write_ring(folder: Path, role: str, port: int) -> None:
    """Say that a role's only device is served at a port."""
    from swift.common.ring import RingBuilder

    ring = RingBuilder(part_power=3, replicas=1, min_part_hours=0)
    place = {"region": 0, "zone": 0, "device": "disk", "weight": 1, "ip": HOST, "port": port}
    ring.add_dev(place | {"replication_ip": HOST, "replication_port": port})
    ring.rebalance()
    ring.get_ring().save(str(folder / f"{role}.ring.gz"))


def serve(socket: object, config: Path) -> None:
    """Answer requests with the application of a configuration, beside everything else."""
    from swift.common.http_protocol import SwiftHttpProtocol
    from swift.common.wsgi import loadapp

    application = loadapp(str(config))
    eventlet.spawn(
        wsgi.server, socket, application, io.StringIO(), protocol=SwiftHttpProtocol, log_output=False
    )


def main() -> None:
    """Start the servers, say where, and leave when the parent does."""
    folder, access, secret = Path(sys.argv[1]).resolve(), sys.argv[2], sys.argv[3]
    (folder / "devices" / "disk").mkdir(parents=True)
    (folder / "swift.conf").write_text(CLUSTER)
    from swift.common import utils

    # Before anything else of Swift is loaded: it reads its configuration while it is imported.
    utils.set_swift_dir(str(folder))
    sockets = {role: eventlet.listen((HOST, 0)) for role in BACKENDS}
    for role, socket in sockets.items():
        write_ring(folder, role, socket.getsockname()[1])
    for role, socket in sockets.items():
        serve(socket, backend_config(folder, role))
    front = eventlet.listen((HOST, 0))
    serve(front, proxy_config(folder, access, secret))
    print(f"ready {HOST}:{front.getsockname()[1]}", flush=True)
    hubs.trampoline(sys.stdin.fileno(), read=True)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


if __name__ == "__main__":
    main()
