"""The commands of a mail: read as lines before, and carried out here, all of them or none."""
