"""The only place that knows aiohttp: sockets, the token, limits and streams."""
