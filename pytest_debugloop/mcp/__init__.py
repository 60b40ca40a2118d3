"""The record for coding agents: a server of the Model Context Protocol; nothing else imports this room."""
