"""The same as config.boot for `salmon routes`: the doors, and nothing that opens a port or a file."""

from config import build, settings
from config.current import current_settings

build.load_routes(current_settings())
settings.receiver = None
