"""``debugloop mcp``: the record for coding agents, by the Model Context Protocol."""

from __future__ import annotations

import click

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.extras import requires_extra


@click.command()
@click.option("--allow-run", is_flag=True, help="Also offer the tools that run tests: reproduce and run_tests.")
@click.option("--trust", is_flag=True, help="With --allow-run: as `debugloop reproduce --trust`; see docs/reruns.md.")
@click.option("--http", is_flag=True, help="Serve over HTTP instead of standard input and output.")
@click.option("--host", default="127.0.0.1", show_default=True, help="With --http: address to listen on.")
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="With --http: port; default: a free one.")
@click.option(
    "--token",
    envvar="DEBUGLOOP_MCP_TOKEN",
    help="With --http: the bearer token that clients send; default: a new one, which is printed.",
)
@click.pass_obj
def command(
    location: RecordLocation, allow_run: bool, trust: bool, http: bool, host: str, port: int, token: str | None
) -> None:
    """Serve the record to coding agents (Model Context Protocol).

    An agent starts this command itself and talks to it on standard input and output. All tools only read, unless
    --allow-run is given. docs/agents.md has the configuration and a list of the tools. Requires the extra `mcp`.

    \b
    Example: debugloop mcp
    """
    if trust and not allow_run:
        raise click.UsageError("--trust requires --allow-run.")
    if not http and (host != "127.0.0.1" or port):
        raise click.UsageError("--host and --port require --http.")
    from pytest_debugloop.answers.reader import RecordReader

    with requires_extra("mcp"):
        from pytest_debugloop.mcp.server import make_server, serve_http
    with RecordReader(location) as reader:
        server = make_server(location, reader, allow_run=allow_run, is_trusted=trust)
        if not http:
            server.run()
            return
        import secrets

        token = token or secrets.token_urlsafe(24)

        def opened(address: str) -> None:
            click.echo(f"Serving the record at {address}\nHeader: Authorization: Bearer {token}", err=True)

        serve_http(server, host, port, token, opened)
