"""The fields of answers about packs."""

SUMMARY = {
    "created": str,
    "description": str | None,
    "id": int,
    "is_standard": bool,
    "label": str,
    "ref": str,
    "tags": list,
    "updated": str,
    "version": str,
}


RESPONSE = SUMMARY | {
    "action_count": int,
    "conf_schema": dict,
    "config": dict,
    "dependencies": list,
    "meta": dict,
    "rule_count": int,
    "runtime_deps": list,
    "sensor_count": int,
    "trigger_count": int,
    "worker_affinity": dict,
    "worker_selector": dict,
    "worker_tolerations": list,
}
