"""Where a person looks inside a run."""

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True)
class RunLinks:
    """Makes links into the Temporal Web UI."""

    ui_url: str
    namespace: str

    def for_workflow(self, workflow_id: str | None) -> dict[str, str]:
        """Return the link of a workflow run by name; empty before there is one."""
        if not workflow_id or not self.ui_url:
            return {}
        namespace = quote(self.namespace, safe="")
        name = quote(workflow_id, safe="")
        base = self.ui_url.rstrip("/")
        return {"temporal": f"{base}/namespaces/{namespace}/workflows/{name}"}
