"""Ask an HTTP address for each rule, and tell when its answer changes."""

import hashlib

import httpx

import attune


class PageSensor(attune.PollingSensor):
    """The first look only remembers; each later one compares with the one before."""

    interval = 30.0

    def __init__(self):
        super().__init__()
        self._seen = {}
        timeout = float(self.config.get("timeout_seconds", "10"))
        self._http = httpx.Client(timeout=timeout, follow_redirects=True)

    def poll(self, rule):
        """Look once for a rule; called every `interval` seconds."""
        url = rule.trigger_params["url"]
        now = self._look(url)
        before = self._seen.get((rule.rule_id, url))
        self._seen[rule.rule_id, url] = now
        what = None if before is None else _difference(before, now)
        if what is not None:
            payload = {
                "url": url,
                "what": what,
                "status": now["status"],
                "previous_status": before["status"],
                "error": now["error"],
            }
            self.emit(payload, rule=rule)

    def _look(self, url):
        try:
            response = self._http.get(url)
        except httpx.HTTPError as error:
            return {"status": None, "content": None, "error": type(error).__name__}
        digest = hashlib.sha256(response.content).hexdigest()
        return {"status": response.status_code, "content": digest, "error": None}

    def cleanup(self):
        """Close the line."""
        super().cleanup()
        self._http.close()


def _difference(before, now):
    if (before["status"] is None) != (now["status"] is None):
        return "unreachable" if now["status"] is None else "reachable"
    if before["status"] != now["status"]:
        return "status"
    return "content" if before["content"] != now["content"] else None


attune.run_sensor(PageSensor)
