"""Below this folder `oracle` and `strategies` can be imported: pytest puts the folder of a conftest on the path."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
settings.register_profile("same", deadline=None, max_examples=25, derandomize=True, suppress_health_check=_SLOW)
settings.register_profile(
    "hunt", deadline=None, max_examples=1000, suppress_health_check=_SLOW
)  # pytest --hypothesis-profile=hunt
settings.load_profile("same")
