"""What every end-to-end test starts from: a server of its own on a free port, in a folder of its own."""

import importlib.util
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest

from classroom_data import Classroom, PostgresClassroom
from server_process import ServerProcess, binary


@contextmanager
def servers(folder):
    """A function that starts `dunlin serve` with more options, as often as it is called; all of them are ended afterwards."""
    started = []

    def start(*options, port=0, wrapper=(), **more):
        command = [*wrapper, binary("DUNLIN_BINARY", "dunlin"), "serve", "--port", str(port), *options]
        process = ServerProcess(command, folder, **more)
        started.append(process)
        return process.wait_until_listening()

    try:
        yield start
    finally:
        for process in started:
            process.kill()
    for process in started:
        process.assert_no_crash()


@pytest.fixture
def dunlin(tmp_path):
    with servers(tmp_path) as start:
        yield start


@pytest.fixture
def dunlin_command():
    return binary("DUNLIN_BINARY", "dunlin")


@pytest.fixture
def classroom(dunlin, tmp_path):
    """A server on SQLite with the users, the quiz and the tokens of the integration tests, inserted by plain SQL."""
    return Classroom(dunlin, tmp_path)


@pytest.fixture
def postgres_classroom(dunlin, tmp_path_factory):
    """The same on PostgreSQL."""
    classroom = PostgresClassroom(dunlin, tmp_path_factory.mktemp("pg"))
    try:
        yield classroom
    finally:
        if classroom.server:
            classroom.server.kill()
        classroom.end()


@pytest.fixture(params=["sqlite", "postgres"])
def any_classroom(request):
    """On each database in turn."""
    return request.getfixturevalue("classroom" if request.param == "sqlite" else "postgres_classroom")


@pytest.fixture(scope="module")
def shared_classroom(tmp_path_factory):
    """One for all tests of a file: for those that leave nothing behind which another could trip over."""
    folder = tmp_path_factory.mktemp("classroom")
    with servers(folder) as start:
        yield Classroom(start, folder).start()


@pytest.fixture
def echo_server(tmp_path, request):
    """Starts the example `echo-server`, with the options that the mark `echo_server_options` names."""
    mark = request.node.get_closest_marker("echo_server_options")
    process = ServerProcess([binary("ECHO_SERVER_BINARY", "echo-server"), "--port", "0", *(mark.args if mark else ())], tmp_path)
    yield process.wait_until_listening()
    process.kill()
    process.assert_no_crash()


@pytest.fixture(scope="session")
def socket_io_script():
    """The official browser client: it comes with the wheel of nicegui, of which nothing else is used."""
    package = importlib.util.find_spec("nicegui")
    assert package and package.submodule_search_locations, "scripts/install-dependencies.sh test brings nicegui"
    return Path(package.submodule_search_locations[0]) / "static" / "socket.io.min.js"


@pytest.fixture(scope="session")
def chromium():
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    assert found, "scripts/install-dependencies.sh test brings Chromium"
    return found
