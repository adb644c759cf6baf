"""Monitoring: dead-letter queues, alarms, and the address that they are mailed to."""

from collections.abc import Collection

from botocore.exceptions import BotoCoreError, ClientError

from backend.common import functions, stacks
from backend.common.paths import TEMPLATE
from backend.deploy.doctor.subject import Subject
from backend.deploy.findings import Level

ALARM = "AWS::CloudWatch::Alarm"
ALARMS_AT_ONCE = 100
# What the values of the template's parameter leave out.
MODES = {
    "basic": "the metrics of our own are not written, so only Lambda's, the API's and the queues' are watched",
    "off": "nothing is watched, and no alarm rolls a deployment back",
}


def check_dead_letters(subject: Subject) -> None:
    """Whether messages wait in a dead-letter queue."""
    for queue in stacks.queues():
        try:
            attributes = subject.aws.sqs.get_queue_attributes(
                QueueUrl=subject.stack.outputs.get(queue.dead_letters, ""),
                AttributeNames=["ApproximateNumberOfMessages"],
            )["Attributes"]
        except (ClientError, BotoCoreError) as error:
            subject.findings.note("dead letters", f"{queue.name}: not checked: {error}")
            continue
        if count := int(attributes["ApproximateNumberOfMessages"]):
            advice = f"find the cause in the logs, then `make redrive STACK={subject.stack.name} QUEUE={queue.name}`"
            subject.findings.problem("dead letters", f"{queue.name}: {count}; {advice}")
        else:
            subject.findings.ok("dead letters", f"{queue.name}: none")


def check_monitoring(subject: Subject) -> None:
    """What the parameter Monitoring leaves out. A stack of an earlier release has none, and watches everything."""
    mode = subject.parameter("Monitoring")
    if not mode:
        return
    if subject.emulated:
        subject.findings.note("Monitoring", f"is {mode}; the emulator has no alarms")
        return
    try:
        there = stacks.resources(subject.aws, subject.stack.name, ALARM).keys()
    except (ClientError, BotoCoreError) as error:
        subject.findings.note("Monitoring", f"is {mode}; which alarms that leaves out was not checked: {error}")
        return
    declared = functions.resources(functions.read_yaml(TEMPLATE))
    level, text = monitoring(mode, sorted(name for name, r in declared.items() if r["Type"] == ALARM), there)
    subject.findings.add(level, "Monitoring", text)


def monitoring(mode: str, declared: Collection[str], there: Collection[str]) -> tuple[Level, str]:
    """What a mode watches, by the alarms that the template declares and those that the stack has."""
    missing = [name for name in declared if name not in there]
    if not missing:
        return Level.OK, f"is {mode}: the stack has every alarm of the template"
    means = MODES.get(mode, "some alarms are left out")
    return Level.NOTE, f"is {mode}: {means}. Without an alarm: {', '.join(missing)}"


def check_alarms(subject: Subject) -> None:
    """Which alarms ring, and which have had no data."""
    try:
        names = list(stacks.resources(subject.aws, subject.stack.name, ALARM).values())
        states = _alarm_states(subject, names)
    except (ClientError, BotoCoreError) as error:
        subject.findings.note("alarms", f"not checked: {error}")
        return
    in_state = {state: sorted(name for name in states if states[name] == state) for state in states.values()}
    for name in in_state.get("ALARM", []):
        subject.findings.problem("alarm", f"{name} is in ALARM: docs/operations.md says what to do first")
    # The table's are so until the first throttle or error, all of them in a stack's first minutes; others never.
    if blind := in_state.get("INSUFFICIENT_DATA"):
        subject.findings.note("alarms", f"{len(blind)} of {len(states)} have had no data yet: {', '.join(blind)}")
    if not states:
        subject.findings.note("alarms", "the stack has none")
    elif "ALARM" not in in_state:
        subject.findings.ok("alarms", f"none of {len(states)} is in ALARM")


def check_subscription(subject: Subject) -> None:
    """Whether the address for alarms has confirmed its subscription."""
    if not subject.parameter("AlarmEmail"):
        return
    try:
        client = subject.aws.sns
        topics = stacks.resources(subject.aws, subject.stack.name, "AWS::SNS::Topic").values()
        answers = [client.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] for topic in topics]
    except (ClientError, BotoCoreError) as error:
        subject.findings.note("AlarmEmail", f"not checked: {error}")
        return
    waiting = [s["Endpoint"] for found in answers for s in found if s["SubscriptionArn"] == "PendingConfirmation"]
    if waiting:
        subject.findings.problem(
            "AlarmEmail", f"{waiting[0]} has not confirmed: follow the link in the message from AWS"
        )
    else:
        subject.findings.ok("AlarmEmail", "receives the alarms")


def _alarm_states(subject: Subject, names: list[str]) -> dict[str, str]:
    client = subject.aws.cloudwatch
    states: dict[str, str] = {}
    for start in range(0, len(names), ALARMS_AT_ONCE):
        page = client.describe_alarms(AlarmNames=names[start : start + ALARMS_AT_ONCE], MaxRecords=ALARMS_AT_ONCE)
        states |= {alarm["AlarmName"]: alarm["StateValue"] for alarm in page["MetricAlarms"]}
    return states
