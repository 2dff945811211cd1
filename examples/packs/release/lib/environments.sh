# What runs where. A real pack would talk to servers; this one keeps a file for each
# service and environment, with one version a line, the one that runs at the end.

history_of() { # service environment
    local directory="$ATTUNE_ARTIFACTS_DIR/releases/$1"
    mkdir -p "$directory"
    touch "$directory/$2"
    echo "$directory/$2"
}

running() { # history
    tail -n 1 "$1"
}

freeze_of() { # environment
    mkdir -p "$ATTUNE_ARTIFACTS_DIR/releases"
    echo "$ATTUNE_ARTIFACTS_DIR/releases/$1.frozen"
}

say() { # what people read who watch; standard output is for the result
    echo "$*" >&2
}
