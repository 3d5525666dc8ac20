"""The live dashboard: an application of aiohttp over journals."""
