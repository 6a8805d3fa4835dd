"""The settings as they are now."""

import os

from config import settings as plain
from config.parsing import Settings, load


def current_settings() -> Settings:
    """The values of config/settings.py, the environment over them; BadSetting if one is wrong."""
    return load(vars(plain), os.environ)
