from __future__ import annotations

import pytest

from console.config.filesystems import network_type_in

MOUNTS = r"""
/dev/vda / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
/dev/vdb /home/local\040disk xfs rw 0 0
host:/x /mnt/ssh fuse.sshfs rw 0 0
server:/y /data nfs rw 0 0
/dev/vdc /data ext4 rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/ada/x", "nfs4"),
        ("/home", "nfs4"),
        ("/home/local disk/x", ""),
        ("/homestead/x", ""),
        ("/mnt/ssh/x", "fuse.sshfs"),
        ("/data/x", ""),
        ("/var/x", ""),
    ],
)
def test_the_mount_that_a_path_is_on_decides(path: str, kind: str) -> None:
    assert network_type_in(path, MOUNTS) == kind
