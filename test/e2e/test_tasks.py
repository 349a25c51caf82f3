"""Real inputs: a compiled model reaches the decision that is right, and the one ONNX Runtime reaches."""

import pytest
from models import tasks

CASES = [pytest.param(task, case, id=f"{task.model}-{case.name}") for task in tasks.TASKS for case in task.cases()]


@pytest.mark.parametrize("task, case", CASES)
def test_decision(task, case, compiled, reference, tmp_path):
    artifact = compiled(task.model)
    decision = task.decide(lambda inputs: artifact.run(inputs, tmp_path), case.data)
    assert decision == task.decide(reference(task.model).run, case.data)
    assert decision == case.expected
