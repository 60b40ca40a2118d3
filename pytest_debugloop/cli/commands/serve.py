"""``debugloop serve``: the record as pages for a browser."""

from __future__ import annotations

import click

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.extras import requires_extra


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="Port; default: a free one.")
@click.option(
    "--name", "names", multiple=True, help="Another name of this server, with its port, such as that of a proxy."
)
@click.option(
    "--read-only-token",
    "token",
    envvar="DEBUGLOOP_WEB_TOKEN",
    help="Token that browsers bring, for a team that shares the address; default: a new one.",
)
@click.option("--open/--no-open", "opens", default=True, help="Open a browser.")
@click.pass_obj
def command(
    location: RecordLocation, host: str, port: int, names: tuple[str, ...], token: str | None, opens: bool
) -> None:
    """Show the record in a browser.

    Serves pages on this machine until Ctrl-C: what is red on each branch, runs, failures with their values, tests over
    time, comparisons. Pages only read. Nobody can open them without the address that is printed, which has a token.
    Requires the extra `web`.

    \b
    Example: debugloop serve
    """
    import secrets
    import tempfile
    from pathlib import Path

    from pytest_debugloop.answers.reader import RecordReader

    with requires_extra("web"):
        from pytest_debugloop.web.opening import private_file
        from pytest_debugloop.web.serving import serve

    def opened(address: str) -> None:
        click.echo(f"Serving the record at {address}\nStop with Ctrl-C.", err=True)
        if opens and host in ("127.0.0.1", "localhost", "::1"):
            click.launch(private_file(address, Path(folder)).as_uri())

    with tempfile.TemporaryDirectory(prefix="debugloop-") as folder, RecordReader(location) as reader:
        with reader.record():
            pass  # what is wrong with the record is said here, and not on each page
        serve(location, reader, token or secrets.token_urlsafe(24), opened, host=host, port=port, names=names)
