"""Which variables and options lead elsewhere by what they are: the name says it, whatever the value looks like.

``DB_HOST=staging`` is no path and no URL, and leads tests to another machine all the same; ``GIT_SSH_COMMAND=tool`` is
run by git, and ``PAGER`` by whatever shows a text. A name is taken apart into words (``GIT``, ``SSH``, ``COMMAND``),
and words that are written together are known by their ends (``PGHOST``).
"""

from __future__ import annotations

import re

_ADDRESSES = """
    ADDR ADDRS ADDRESS ADDRESSES BROKER BROKERS BUCKET CLUSTER CONN CONNECTION DISPLAY DNS DOMAIN DOMAINS DSN ENDPOINT
    ENDPOINTS GATEWAY HOST HOSTADDR HOSTNAME HOSTNAMES HOSTS IP MIRROR NAMESERVER NETLOC ORIGIN PEER PEERS PORT PORTS
    PROXIES PROXY REGISTRY REMOTE SERVER SERVERS SOCK SOCKET UPSTREAM URI URIS URL URLS WEBHOOK
    """
_PROGRAMS = """
    ASKPASS BIN BINARY BREAKPOINT CMD COMMAND COMMANDS COMPILER COMSPEC EDITOR ENTRYPOINT EXEC EXECUTABLE
    INTERPRETER LAUNCHER PRELOAD PRESITE PROG PROGRAM RSH SCRIPT SCRIPTS SHELL SSH STARTUP SUDO WRAPPER
    """
_PROGRAMS_OF_VARIABLES = "BROWSER CC CPP CXX HOOK HOOKS PAGER TERMINAL VISUAL"
_OPTIONS = "ARGS ARGUMENTS CFLAGS FLAGS OPT OPTION OPTIONS OPTS PARAMS"
_PATHS = """
    BUNDLE CA CERT CERTS CONF CONFIG DIR DIRECTORY DIRS FILE FILENAME FILES FOLDER HOME INCLUDE INI LIB LIBRARY PATH
    PATHS ROOT STORAGE TEMP TMP VOLUME
    """
_ENDS = """
    HOST HOSTS HOSTADDR ADDR URL URI DSN PROXY PATH DIR FILE HOME ROOT CMD COMMAND OPTS OPTIONS FLAGS SHELL EDITOR PAGER
    PRELOAD CONFIG BREAKPOINT
    """
_LAST = frozenset({"DATABASE", "DB", "DBNAME"})  # DB_ECHO leads nowhere
_OF_OTHERS = r"""
    LD_ DYLD_ GLIBC_ GCONV_ MALLOC_ LOCALDOMAIN RES_ XDG_ BASH RUBY PERL5 GIT_ SSH_ GPG_ SUDO_ PG[A-Z] MYSQL_ AWS_
    AZURE_ GOOGLE_ CLOUDSDK_ DOCKER_ COMPOSE_ KUBE PIP_ UV_ CURL_ SSL_ SSLKEY OPENSSL_ PROMPT_ PS\d LESS$ LESSOPEN
    LESSCLOSE ENV$ IFS$ LD$ PYTHON\d?$ NETRC HOSTALIASES TERMINFO LUA_ EXINIT VIMINIT
    """
# Their names end like a path, and they are none, or each of their values is looked at.
_LOOKED_AT = frozenset({"PYTHONPATH", "PYTHONSAFEPATH", "PYTEST_ADDOPTS", "PYTEST_PLUGINS"})

_OPTION_WORDS = frozenset(f"{_ADDRESSES} {_PROGRAMS} {_OPTIONS}".split())
_WORDS = _OPTION_WORDS | frozenset(f"{_PROGRAMS_OF_VARIABLES} {_PATHS}".split())
_END = re.compile(rf"\w*(?<!PRO)(?:{'|'.join(_ENDS.split())})")  # a profile is no file
_FAMILY = re.compile("|".join(_OF_OTHERS.split()))
_SEPARATOR = re.compile(r"[\W_]+")
_NUMBER = re.compile(r"\d+$")


def variable_leads_elsewhere(name: str) -> bool:
    """Tell whether a variable is an address, a program, an option for one, or a path, by its name.

    Args:
        name: of the variable, in any case.
    """
    name = name.upper()
    if name in _LOOKED_AT:
        return False
    words = _words(name)
    return (
        _FAMILY.match(name) is not None
        or not _WORDS.isdisjoint(words)
        or any(_END.fullmatch(word) for word in words)
        or not _LAST.isdisjoint(words[-1:])
    )


def option_leads_elsewhere(name: str) -> bool:
    """Tell whether an option, or a key of the configuration, is an address, a program or options for one, by its name.

    Paths are known by their values: there is none to compare with.

    Args:
        name: as it is written, with or without its dashes.
    """
    return not _OPTION_WORDS.isdisjoint(_words(name.upper()))


def _words(name: str) -> list[str]:
    """Give the words of a name, without numbers at their ends: ``HOST2`` is a host."""
    return [_NUMBER.sub("", word) for word in _SEPARATOR.split(name) if word]
