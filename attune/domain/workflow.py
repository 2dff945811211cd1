"""The interpreter of pack workflows: state and event in, orders out; pure.

`step` changes the state that it is given and nothing else. An event that a Feed orders
is fed before the transaction ends; every other is fed when it happens, exactly once.
"""

from attune.domain.workflow_definition import Workflow
from attune.domain.workflow_event import Conclusion, Event, Facts, Order
from attune.domain.workflow_state import WorkflowState


def step(
    workflow: Workflow, state: WorkflowState, event: Event, facts: Facts
) -> list[Order]:
    """Take note of the event in the state, and return what is to be done."""
    raise NotImplementedError


def conclude(workflow: Workflow, state: WorkflowState, facts: Facts) -> Conclusion:
    """Return how the workflow ends, once a step has ordered to Conclude."""
    raise NotImplementedError
