"""The word for hello; modules in `lib` can be imported by all actions of the pack."""

WORDS = {
    "French": "Bonjour",
    "German": "Guten Tag",
    "Italian": "Buongiorno",
    "Japanese": "Konnichiwa",
    "Spanish": "Hola",
}


def translated(greeting: str, language: str) -> str:
    """Return the word in that language, or the greeting itself where none is known."""
    return WORDS.get(language, greeting)
