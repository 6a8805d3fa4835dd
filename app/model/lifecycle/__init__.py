"""The lifecycle tables: statuses, roles, actions and commands, and how they are printed."""
