"""Two nodes of Ray on this machine's loopback, one processor each: prints the address, and ends them when standard input ends."""

from __future__ import annotations

import os
import sys

from bot.research.pool import ON_LOOPBACK, QUIET

os.environ.update({**QUIET, **ON_LOOPBACK})

from ray.cluster_utils import Cluster

ROOM = {"num_cpus": 1, "object_store_memory": 100_000_000, "include_dashboard": False, "node_ip_address": "127.0.0.1"}

if __name__ == "__main__":
    cluster = Cluster(initialize_head=True, head_node_args=ROOM)
    try:
        cluster.add_node(**{name: value for name, value in ROOM.items() if name != "include_dashboard"})
        cluster.wait_for_nodes(timeout=60)
        print(cluster.address, flush=True)
        sys.stdin.read()
    finally:
        cluster.shutdown()
