"""SpiffWorkflow: ten script tasks in a row. The library keeps nothing by itself, so after each step the whole workflow is
serialised by its own serializer and committed to SQLite (WAL, synchronous=FULL) before the next step. One thread (the
interpreter's lock allows no more); with N in flight one commit covers the step of each of the N instances."""

import os
import sqlite3
import tempfile
import uuid

from measure import answer, arguments, clock
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

STEPS = 10


def model():
    body, before = '<startEvent id="start"/><endEvent id="end"/>', "start"
    for n in range(1, STEPS + 1):
        body += f'<scriptTask id="step-{n}"><script>done = done + 1</script></scriptTask>'
        body += f'<sequenceFlow id="f-{n}" sourceRef="{before}" targetRef="step-{n}"/>'
        before = f"step-{n}"
    body += f'<sequenceFlow id="f-end" sourceRef="{before}" targetRef="end"/>'
    return (
        '<?xml version="1.0" encoding="UTF-8"?><definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
        f'id="d" targetNamespace="urn:bench"><process id="ten" isExecutable="true">{body}</process></definitions>'
    )


def main():
    folder, concurrency, seconds = arguments()
    path = os.path.join(folder, "spiff.db")
    database = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode = WAL", "synchronous = FULL"):
        database.execute(f"PRAGMA {pragma}")
    database.execute("CREATE TABLE workflow(id TEXT PRIMARY KEY, state TEXT NOT NULL)")
    parser = BpmnParser()
    with tempfile.NamedTemporaryFile("w", suffix=".bpmn", dir=folder, delete=False) as file:
        file.write(model())
    parser.add_bpmn_file(file.name)
    spec = parser.get_spec("ten")
    serializer = BpmnWorkflowSerializer(registry=BpmnWorkflowSerializer.configure())

    def begin():
        workflow = BpmnWorkflow(spec)
        workflow.data["done"] = 0
        for task in workflow.get_tasks(state=TaskState.READY):
            task.data["done"] = 0
        return [str(uuid.uuid4()), workflow, clock()]

    flights, times, steps = [begin() for _ in range(concurrency)], [], 0
    started = clock()
    while (now := clock()) - started < seconds:
        database.execute("BEGIN IMMEDIATE")
        for n, (key, workflow, since) in enumerate(flights):
            # Up to and including the next script task; what is not a step goes along with it.
            stepped = False
            while not stepped and not workflow.is_completed():
                ready = workflow.get_tasks(state=TaskState.READY)
                if not ready:
                    workflow.refresh_waiting_tasks()
                    continue
                stepped = ready[0].task_spec.name.startswith("step-")
                ready[0].run()
            steps += stepped
            state = serializer.serialize_json(workflow)
            database.execute("INSERT OR REPLACE INTO workflow VALUES (?, ?)", (key, state))
        database.execute("COMMIT")
        for n, (key, workflow, since) in enumerate(flights):
            if workflow.is_completed():
                times.append(clock() - since)
                flights[n] = begin()
    setting = "own serializer to SQLite after each step, WAL, synchronous=FULL, one commit for all in flight"
    answer(steps, clock() - started, times, setting)


main()
