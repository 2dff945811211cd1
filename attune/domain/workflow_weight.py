"""How much follows the end of a task, and how many hands that takes."""

from typing import Final

from attune.domain.workflow_definition import Workflow

FEW: Final = 8
"""So many tasks are a step that takes moments."""


def leads_to_little(workflow: Workflow, name: str) -> bool:
    """Tell whether the end of a task starts few others, none of which goes over a list.

    Nested tasks are left to the run that drives the workflow, and so is whatever a task
    over a list leads to: its results are as many as its elements.
    """
    task = workflow.tasks[name]
    if task.has_items or task.scope is not None or len(task.targets) > FEW:
        return False
    targets = (workflow.tasks[target] for target in task.targets)
    return not any(target.has_items or target.is_scope for target in targets)


def keeps_up(ended: int, under_way: int) -> bool:
    """Tell whether those who take one execution after the other need no more hands.

    So it is when each of them, on average, has ended two since the last glance.
    """
    return ended >= 2 * under_way > 0
