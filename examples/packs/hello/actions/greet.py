"""Greet a visitor in each of their languages."""

import json
import sys
import time

from hello_words import translated

SECONDS_OF_THOUGHT = 0.4


def main() -> None:
    """Read the parameters, work in steps, print the result."""
    parameters = json.load(sys.stdin)
    name, languages = parameters["name"], parameters["languages"]
    greetings = {}
    for step, language in enumerate(languages, 1):
        say(f"[{step}/{len(languages)}] How do they say hello in {language}?")
        time.sleep(SECONDS_OF_THOUGHT)
        greetings[language] = f"{translated(parameters['greeting'], language)}, {name}!"
    say("Done.")
    result = {
        "message": " ".join(greetings.values()),
        "greetings": greetings,
        "visits": parameters["visits"],
    }
    json.dump(result, sys.stdout)


def say(text: str) -> None:
    """Tell whoever watches what is going on."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
