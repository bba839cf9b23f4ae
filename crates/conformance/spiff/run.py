"""Runs models in SpiffWorkflow. One JSON case a line on standard input, one JSON trace a line on standard output.

A case is {"xml": ..., "data": {...}}: a file with a process `p`, and its first data. The run is driven by a policy that the
other side follows too (crates/proof/src/differential/drive.rs): of all that is open (manual and user tasks, messages waited
for), what has the smallest number in its element id goes first; a non-interrupting boundary event (its id begins with `b`)
is triggered once at most. Completing a task sets `r<element>` to whether that was its first time.

A trace is {"steps": [[what is open], ...], "passed": {none task: times}, "completed": bool}, or {"error": ...}.
"""

import json
import sys
import warnings
from collections import Counter

warnings.filterwarnings("ignore")

from SpiffWorkflow.bpmn import BpmnEvent, BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.specs.event_definitions import MessageEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.multiple import MultipleEventDefinition
from SpiffWorkflow.util.task import TaskState

MAX_STEPS = 60


def number(element):
    return int("".join(c for c in element if c.isdigit()))


def messages(definition):
    if isinstance(definition, MessageEventDefinition):
        return [definition]
    if isinstance(definition, MultipleEventDefinition):
        return [found for one in definition.event_definitions for found in messages(one)]
    return []


def open_now(workflow, triggered):
    found = []
    for task in workflow.get_tasks(state=TaskState.READY, manual=True):
        found.append((task.task_spec.bpmn_id, task, None))
    for task in workflow.get_tasks(state=TaskState.WAITING):
        for message in messages(getattr(task.task_spec, "event_definition", None)):
            element = message.name.removeprefix("m-")
            if element not in triggered:
                found.append((element, task, message))
    return sorted(found, key=lambda one: number(one[0]))


def work(workflow):
    """All that nobody need do: a task without a kind is passed here as there."""
    workflow.do_engine_steps()
    while ready := [t for t in workflow.get_tasks(state=TaskState.READY) if is_none_task(t)]:
        ready[0].run()
        workflow.do_engine_steps()


def is_none_task(task):
    return task.task_spec.__class__.__name__ == "NoneTask"


def run(case):
    parser = BpmnParser()
    parser.add_bpmn_str(case["xml"].encode())
    workflow = BpmnWorkflow(parser.get_spec("p"), parser.get_subprocess_specs("p"))
    workflow.task_tree.data.update(case["data"])
    work(workflow)
    steps, triggered, times = [], set(), Counter()
    while len(steps) < MAX_STEPS:
        found = open_now(workflow, triggered)
        steps.append([element for element, _, _ in found])
        if not found:
            break
        element, task, message = found[0]
        if message is None:
            times[element] += 1
            task.data["r" + element] = times[element] < 2
            task.run()
        else:
            if element.startswith("b"):
                triggered.add(element)
            workflow.send_event(BpmnEvent(MessageEventDefinition(message.name), {}))
        work(workflow)
    passed = Counter(
        task.task_spec.bpmn_id
        for task in workflow.get_tasks(state=TaskState.COMPLETED)
        if is_none_task(task) and task.task_spec.bpmn_id
    )
    return {"steps": steps, "passed": dict(sorted(passed.items())), "completed": workflow.completed}


for line in sys.stdin:
    try:
        answer = run(json.loads(line))
    except Exception as error:  # whatever it is, it is what SpiffWorkflow makes of the model
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
