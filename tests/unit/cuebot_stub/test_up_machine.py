# SPDX-License-Identifier: Apache-2.0
"""What RQD needs of a machine, and what it is told."""

from __future__ import annotations

import configparser
import os
from pathlib import Path

import pytest

from cuebot_stub.up.errors import FarmError
from cuebot_stub.up.machine import check_machine, loopback_interface, search_path, threads_per_core
from cuebot_stub.up.places import FarmPlaces, cache_folder, default_farm_folder
from cuebot_stub.up.rqd_config import RqdSettings, rqd_config, rqd_environ


def test_machine_without_the_time_program_is_told_which_package_has_it():
    with pytest.raises(FarmError, match="/nowhere/time, which is missing; Debian and Ubuntu: apt install time"):
        check_machine(time_program="/nowhere/time")


def test_machine_without_the_user_that_rqd_looks_up_is_told():
    with pytest.raises(FarmError, match="the user 'nobody-of-that-name'"):
        check_machine(time_program="/bin/sh", rqd_user="nobody-of-that-name")


def test_machine_that_has_all_is_fine():
    check_machine(time_program="/bin/sh", rqd_user="daemon")


def test_loopback_interface_has_a_name():
    assert loopback_interface()


@pytest.mark.parametrize(
    ("cpuinfo", "expected"),
    [
        pytest.param("processor\t: 0\nsiblings\t: 16\ncpu cores\t: 8\n", 2, id="two threads a core"),
        pytest.param("processor\t: 0\nsiblings\t: 2\ncpu cores\t: 2\n", 1, id="one thread a core"),
        pytest.param("processor\t: 0\nBogoMIPS\t: 50.00\n", 1, id="arm says nothing of it"),
        pytest.param("siblings\t: 1\ncpu cores\t: 2\n", 1, id="odd virtual machine"),
        pytest.param("siblings\t: 4\ncpu cores\t: 0\n", 1, id="no cores"),
        pytest.param("", 1, id="empty"),
    ],
)
def test_threads_of_a_core_are_counted_as_rqd_counts_them(cpuinfo: str, expected: int):
    assert threads_per_core(cpuinfo) == expected


def test_hosts_find_the_programs_of_this_library_first(tmp_path: Path):
    (tmp_path / "pycuerun").touch()

    path = search_path("/usr/bin::/bin:/usr/bin", executable=str(tmp_path / "python"))

    assert path == f"{tmp_path}:/usr/bin:/bin"


def test_hosts_of_a_checkout_find_its_programs(tmp_path: Path):
    path = search_path("/usr/bin", executable=str(tmp_path / "python"))

    assert os.access(os.path.join(path.split(":")[0], "pycuerun"), os.X_OK)
    assert path.endswith(f":{tmp_path}:/usr/bin")


def _settings(**more: object) -> RqdSettings:
    return RqdSettings("node1", 9001, 4, "127.0.0.1", 8443)._replace(**more)


def _read(text: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(allow_no_value=True)
    parser.optionxform = str
    parser.read_string(text)
    return parser


def test_configuration_binds_rqd_to_this_machine_and_gives_it_cores_and_tags():
    settings = _settings(interface="lo0", tags=("general", "gpu"), threads_per_core=2)

    found = _read(rqd_config(settings))

    override = found["Override"]
    assert override["RQD_NETWORK_INTERFACE"] == "lo0"
    assert (override["OVERRIDE_CUEBOT"], override["CUEBOT_GRPC_PORT"]) == ("127.0.0.1", "8443")
    assert (override["OVERRIDE_HOSTNAME"], override["RQD_GRPC_PORT"]) == ("node1", "9001")
    assert (override["RQD_TAGS"], override["OVERRIDE_CORES"]) == ("general gpu rqdport_9001", "8")
    assert "HOME" in found["UseHostEnvVar"]


def test_rqd_gets_nothing_that_belongs_to_another_interpreter_or_to_a_proxy(tmp_path: Path):
    environ = {
        "PATH": "/usr/bin",
        "HOME": "/home/someone",
        "PYTHONPATH": "/somewhere",
        "VIRTUAL_ENV": "/an/environment",
        "http_proxy": "http://proxy.example:3128",
        "HTTPS_PROXY": "http://proxy.example:3128",
        "CUEBOT_HOSTNAME": "cuebot.example",
        "COVERAGE_PROCESS_START": "1",
    }

    found = rqd_environ(environ, tmp_path / "farm", tmp_path / "tmp")

    assert found.pop("PATH").endswith(":/usr/bin")
    assert found == {
        "HOME": "/home/someone",
        "TMPDIR": str(tmp_path / "tmp"),
        "CUEBOT_STUB_FARM": str(tmp_path / "farm"),
    }


def test_folders_of_the_user_follow_the_variables_of_the_desktop():
    environ = {"HOME": "/home/someone", "XDG_CACHE_HOME": "/cache", "XDG_STATE_HOME": "relative"}

    assert cache_folder(environ) == Path("/cache/outline-farm")
    assert default_farm_folder(environ) == Path("/home/someone/.local/state/outline-farm/farm")


def test_user_without_a_home_is_asked_for_a_folder():
    with pytest.raises(FarmError, match="--dir"):
        default_farm_folder({"HOME": "not/absolute"})


def test_folder_of_a_farm_has_one_spelling(tmp_path: Path):
    (tmp_path / "farm").mkdir()
    (tmp_path / "link").symlink_to("farm")

    assert FarmPlaces(tmp_path / "link").folder == FarmPlaces(tmp_path / "x" / ".." / "farm").folder
