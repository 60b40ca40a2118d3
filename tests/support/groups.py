"""Groups of tests that one worker of pytest-xdist runs, one after the other; all other tests are anybody's.

A group is made by what two tests would fight for, or by what is made once for all of them.
"""

from __future__ import annotations

import pytest

# A process that another test starts meanwhile holds what was mounted for this one: it cannot be taken away then.
mounts = pytest.mark.xdist_group("mounts")

# Servers and programs that run as `nobody`, or as somebody who may not enter where they lie: each looks at all the
# processes of that user.
other_users = pytest.mark.xdist_group("other-users")

# An environment is made once for all tests that need it, in a cache that they share: a second worker would only wait.
suites = pytest.mark.xdist_group("suites")

# Containers are started once, by one worker: an engine on two cores is slow, and each takes a port of this machine.
containers = pytest.mark.xdist_group("containers")

# A browser is started once for all of its tests, and takes a core for itself.
browser = pytest.mark.xdist_group("browser")
