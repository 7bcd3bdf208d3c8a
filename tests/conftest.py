"""What all tests share: how examples are found, and that no compiled programs are kept where this user's are."""

import os

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no defect: no example is timed. In CI the examples are the same each time, so that a change that
# lands is not undone by chance; on a person's machine they differ, and so find more.
settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("here"), derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "here")


@pytest.fixture(autouse=True, scope="session")
def own_programs(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("krl.cache.user_folder", lambda: tmp_path_factory.getbasetemp())
        yield


def pytest_unconfigure(config):
    """The broker that tests have started ends with the run; workers have theirs from the run's main process."""
    if not hasattr(config, "workerinput"):
        from tests.broker import end_of_run

        end_of_run()
