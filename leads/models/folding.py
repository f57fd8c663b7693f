"""Compare words without case or accents, the same way in Python and in PostgreSQL."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Func, GeneratedField, TextField, Value

# Built-in functions of PostgreSQL alone, which never change: a stored column may stand
# on them, and a dump restores without an extension.
ACCENTS = str.maketrans(
    "àáâãäåçèéêëìíîïñòóôõöùúûüýÿ\u2019\u2010\u2011\u2013-",
    "aaaaaaceeeeiiiinooooouuuuyy'    ",
)
LIGATURES = {"œ": "oe", "æ": "ae"}


def fold(text: str) -> str:
    """Return a text in lower case, without accents; hyphens are spaces."""
    text = text.lower().translate(ACCENTS)
    for letter, letters in LIGATURES.items():
        text = text.replace(letter, letters)
    return text


class StoredField(GeneratedField):
    """A generated column that is stored, as every PostgreSQL since 12 can.

    Django's own check asks the server for its version: `manage.py check` must tell what
    is wrong with the settings where no server answers.
    """

    def _check_supported(self, databases: Any) -> list[Any]:
        return []


def Folded(*columns: str) -> Func[Any]:
    """Return the expression that does in PostgreSQL what `fold` does, on columns."""
    text = TextField()
    parts: list[Any] = []
    for column in columns:
        parts += [F(column), Value(" ")]
    folded: Func[Any] = Func(
        *parts[:-1],
        template="lower(%(expressions)s)",
        arg_joiner=" || ",
        output_field=text,
    )
    source, target = "".join(map(chr, ACCENTS)), "".join(map(chr, ACCENTS.values()))
    pairs = [("translate", source, target)]
    pairs += [("replace", letter, letters) for letter, letters in LIGATURES.items()]
    for function, before, after in pairs:
        folded = Func(
            folded, Value(before), Value(after), function=function, output_field=text
        )
    return folded
