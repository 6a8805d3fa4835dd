"""Why a form of a page was not carried out: field by field, in the sentences that a mail would get."""

from collections.abc import Mapping


class FieldsRefused(Exception):
    """Not all of a form can be done, so nothing was. `problems` has each refused field's sentence, by its name.

    The name is empty for what is about no field.
    """

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = problems
