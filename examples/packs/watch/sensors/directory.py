"""Watch a directory for each rule, and tell what changes below it."""

import threading
from fnmatch import fnmatch
from pathlib import Path

from watchfiles import Change, watch

import attune

RETRY_SECONDS = 5.0


class DirectorySensor(attune.Sensor):
    """One thread for each rule; rules come and go while it runs."""

    def __init__(self):
        super().__init__()
        self._watches = {}

    def on_rule_created(self, rule):
        """Begin to watch for a rule."""
        self.on_rule_disabled(rule)
        stop = threading.Event()
        self._watches[rule.rule_id] = stop
        thread = threading.Thread(target=self._watch, args=(rule, stop), daemon=True)
        thread.start()

    def on_rule_disabled(self, rule):
        """Watch for it no more."""
        stop = self._watches.pop(rule.rule_id, None)
        if stop is not None:
            stop.set()

    def cleanup(self):
        """End all watches."""
        for stop in self._watches.values():
            stop.set()

    def _watch(self, rule, stop):
        params = dict(rule.trigger_params)
        path = Path(params["path"])
        while not stop.is_set():
            if path.is_dir():
                self.logger.info("Watching %s for %s", path, rule.rule_ref)
                self._tell(rule, params, path, stop)
            else:
                self.logger.warning("%s is no directory", path)
            stop.wait(RETRY_SECONDS)

    def _tell(self, rule, params, path, stop):
        wanted = params.get("changes") or [change.name for change in Change]
        recursive = params.get("recursive", True)
        for changes in watch(path, stop_event=stop, recursive=recursive, step=100):
            for change, name in sorted(changes, key=lambda each: each[1]):
                file = Path(name)
                if change.name in wanted and fnmatch(
                    file.name, params.get("pattern", "*")
                ):
                    self.emit(_payload(change, file), rule=rule)


def _payload(change, file):
    size = file.stat().st_size if file.is_file() else None
    return {
        "change": change.name,
        "path": str(file),
        "name": file.name,
        "size_bytes": size,
    }


attune.run_sensor(DirectorySensor)
