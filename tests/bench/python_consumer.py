"""The peer: the per-message consumer that teams write today. confluent-kafka, json, scikit-learn's SGDClassifier, a fixed threshold on the
entropy, and a producer for what is worth a label. Its classifier is fitted before the clock starts; then, per message: json.loads,
predict_proba, entropy, threshold, produce. Prints one JSON line: messages, asked, and seconds from the first to the last message.

    python_consumer.py BROKERS SAMPLES TASKS MESSAGES
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


def main():
    brokers, samples, tasks, total = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    model, names = fitted(), ["f%d" % i for i in range(NUMBERS)]
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "peer-" + uuid.uuid4().hex, "auto.offset.reset": "earliest",
                         "enable.auto.commit": True, "fetch.wait.max.ms": 10})
    producer = Producer({"bootstrap.servers": brokers, "linger.ms": 5})
    consumer.subscribe([samples])
    seen, asked, started = 0, 0, None
    while seen < total:
        message = consumer.poll(1)
        if message is None or message.error():
            continue
        if started is None:
            started = time.monotonic()
        seen += 1
        event = json.loads(message.value())
        row = numpy.array([[event[name] for name in names]])
        p = model.predict_proba(row)[0]
        entropy = -sum(x * math.log(x) for x in p if x > 0)
        if entropy >= THRESHOLD:
            asked += 1
            producer.produce(tasks, json.dumps({"id": event["id"], "event": event, "entropy": entropy}), event["id"])
        producer.poll(0)
    producer.flush()
    seconds = time.monotonic() - started
    consumer.close()
    print(json.dumps({"messages": seen, "asked": asked, "seconds": seconds}))


main()
