"""The peer: the consumer that teams write today. confluent-kafka, json, scikit-learn's SGDClassifier, a fixed threshold on the entropy, and a producer
for what is worth a label. Its classifier is fitted before the clock starts; then, per message or per micro-batch: json.loads,
predict_proba, entropy, threshold, produce. Prints one JSON line: messages, asked, seconds from the first to the last message, CPU seconds in that time.

    python_consumer.py BROKERS SAMPLES TASKS MESSAGES [BATCH]      BATCH: messages scored together (1)
"""
import json
import math
import sys
import time
import uuid

import numpy
from confluent_kafka import Consumer, Producer
from sklearn.linear_model import SGDClassifier

NUMBERS = 30
NAMES = ["f%d" % i for i in range(NUMBERS)]
THRESHOLD = 0.6929  # of at most ln 2: asks about one sample in a hundred


def fitted():
    """partial_fit, as a team's nightly job would leave it: on rows of the samples' scale, with noisy labels."""
    rng = numpy.random.default_rng(1)
    rows = rng.normal(scale=40, size=(2000, NUMBERS))
    labels = (rng.random(2000) < 1 / (1 + numpy.exp(-rows.sum(axis=1) / 100))).astype(int)
    model = SGDClassifier(loss="log_loss", learning_rate="constant", eta0=1e-5, random_state=1)
    for _ in range(5):
        model.partial_fit(rows, labels, classes=[0, 1])
    return model


def entropies(model, events):
    p = numpy.clip(model.predict_proba(numpy.array([[e[n] for n in NAMES] for e in events])), 1e-300, 1)
    return -(p * numpy.log(p)).sum(axis=1)


def entropy(model, event):
    p = model.predict_proba(numpy.array([[event[n] for n in NAMES]]))[0]
    return -sum(x * math.log(x) for x in p if x > 0)


def main():
    brokers, samples, tasks, total = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    batch, model = int(sys.argv[5]) if len(sys.argv) > 5 else 1, fitted()
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "peer-" + uuid.uuid4().hex, "auto.offset.reset": "earliest",
                         "enable.auto.commit": True, "fetch.wait.max.ms": 10})
    producer = Producer({"bootstrap.servers": brokers, "linger.ms": 5})
    consumer.subscribe([samples])
    seen, asked, started, cpu = 0, 0, None, 0
    while seen < total:
        messages = [m for m in consumer.consume(batch, 0.1) if not m.error()] if batch > 1 else [m for m in (consumer.poll(1),) if m and not m.error()]
        if not messages:
            continue
        if started is None:
            started, cpu = time.monotonic(), time.process_time()
        seen += len(messages)
        events = [json.loads(m.value()) for m in messages]
        doubts = entropies(model, events) if batch > 1 else [entropy(model, events[0])]
        for event, doubt in zip(events, doubts):
            if doubt >= THRESHOLD:
                asked += 1
                producer.produce(tasks, json.dumps({"id": event["id"], "event": event, "entropy": float(doubt)}), event["id"])
        producer.poll(0)
    producer.flush()
    print(json.dumps({"messages": seen, "asked": asked, "seconds": time.monotonic() - started, "cpu": time.process_time() - cpu}))
    consumer.close()


main()
