"""The web pages: reading and writing tickets in a browser, by the operations that mail and commands use."""
