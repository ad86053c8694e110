"""A peer: Vowpal Wabbit with --active, fed from Kafka through its Python binding, a message at a time (its daemon binary is in no registry that this
project installs from). Per message: json.loads, VW's text format, predict, threshold on the margin, produce. Prints one JSON line as python_consumer.py.

    vw_consumer.py BROKERS SAMPLES TASKS MESSAGES
"""
import json
import random
import sys
import time
import uuid

import vowpalwabbit
from confluent_kafka import Consumer, Producer

NAMES = ["f%d" % i for i in range(30)]
MARGIN = 0.02  # of the logistic link: about one sample in a hundred


def line(event, label=""):
    return label + " |f " + " ".join("%s:%s" % (n, event[n]) for n in NAMES)


def taught():
    model, rng = vowpalwabbit.Workspace("--active --simulation --loss_function logistic --quiet"), random.Random(1)
    for _ in range(2000):
        event = {n: round(rng.gauss(0, 40), 3) for n in NAMES}
        model.learn(line(event, "1" if sum(event.values()) > 0 else "-1"))
    return model


def main():
    brokers, samples, tasks, total = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    model = taught()
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "vw-" + uuid.uuid4().hex, "auto.offset.reset": "earliest", "fetch.wait.max.ms": 10})
    producer = Producer({"bootstrap.servers": brokers, "linger.ms": 5})
    consumer.subscribe([samples])
    seen, asked, started, cpu = 0, 0, None, 0
    while seen < total:
        message = consumer.poll(1)
        if message is None or message.error():
            continue
        if started is None:
            started, cpu = time.monotonic(), time.process_time()
        seen += 1
        event = json.loads(message.value())
        if abs(model.predict(line(event))) < MARGIN:
            asked += 1
            producer.produce(tasks, message.value(), event["id"])
        producer.poll(0)
    producer.flush()
    print(json.dumps({"messages": seen, "asked": asked, "seconds": time.monotonic() - started, "cpu": time.process_time() - cpu}))
    consumer.close()


main()
