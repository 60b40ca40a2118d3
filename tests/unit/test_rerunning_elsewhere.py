"""What leads elsewhere by its name alone, whatever its value looks like."""

from __future__ import annotations

import pytest

from pytest_debugloop.rerunning.elsewhere import option_leads_elsewhere, variable_leads_elsewhere

ADDRESSES = (
    "DB_HOST REDIS_HOST1 PGHOST PGPORT HTTP_PROXY https_proxy ALL_PROXY NO_PROXY SHOP_URL BASEURL DATABASE SHOP_DB"
)
PROGRAMS = "GIT_SSH_COMMAND SHOP_CMD BROWSER EDITOR PAGER SHELL SUDO_ASKPASS CC PYTHONBREAKPOINT PYTHON_PRESITE PYTHON"
OPTIONS = "NODE_OPTIONS JAVA_TOOL_OPTIONS PERL5OPT MAKEFLAGS CFLAGS LESSOPEN BASH_ENV ENV IFS GLIBC_TUNABLES LUA_INIT"
PATHS = (
    "PATH HOME TMPDIR TEMP XDG_CONFIG_HOME PYTHONTZPATH PYTHONDUMPREFSFILE SSL_CERT_FILE NETRC KUBECONFIG GCONV_PATH"
)
FAMILIES = (
    "LD_PRELOAD LD_LIBRARY_PATH DYLD_INSERT_LIBRARIES GIT_DIR GIT_CONFIG_KEY_0 SSH_AUTH_SOCK PGSERVICE AWS_PROFILE"
)
HARMLESS = """
    SHOP_PLACE SHOP_PROFILE TZ LANG LC_ALL CI PYTHONHASHSEED PYTHONPATH PYTHONSAFEPATH PYTHONWARNINGS PYTHONOPTIMIZE
    PYTHONPROFILEIMPORTTIME PYTHON_GIL PYTHON_COLORS HYPOTHESIS_PROFILE NOX_CURRENT_SESSION TOX_ENV_NAME NODE_ENV
    DB_ECHO DJANGO_SETTINGS_MODULE PYTEST_ADDOPTS PYTEST_PLUGINS OMP_NUM_THREADS LOG_LEVEL SUPPORT IMPORT LESSON
"""


@pytest.mark.parametrize("name", " ".join((ADDRESSES, PROGRAMS, OPTIONS, PATHS, FAMILIES)).split())
def test_an_address_a_program_its_options_or_a_path_is_known_by_the_name_of_the_variable(name: str) -> None:
    assert variable_leads_elsewhere(name)


@pytest.mark.parametrize("name", HARMLESS.split())
def test_other_variables_lead_nowhere_by_their_name(name: str) -> None:
    assert not variable_leads_elsewhere(name)


@pytest.mark.parametrize(
    "name", ["--selenium-host", "--proxy", "--server2", "--postgresql-exec", "--postgresql-options", "base_url"]
)
def test_an_address_or_a_program_is_known_by_the_name_of_the_option(name: str) -> None:
    assert option_leads_elsewhere(name)


@pytest.mark.parametrize("name", ["--env", "--browser", "--hypothesis-profile", "python_files", "doctest_optionflags"])
def test_other_options_lead_nowhere_by_their_name(name: str) -> None:
    assert not option_leads_elsewhere(name)
