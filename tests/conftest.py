"""Settings of all tests."""

from __future__ import annotations

import os
import time

from hypothesis import HealthCheck, settings

# What people see is in the time of where they are.
os.environ["TZ"] = "UTC"
time.tzset()

# How long an example takes says more of the machine than of the code.
settings.register_profile("clusterdeck", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("clusterdeck")
