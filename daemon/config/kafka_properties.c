/* The rows: a property and the sentence that an operator reads who tried to set it.
 *
 * Thread: any thread */
#include "config/kafka_properties.h"

#include <string.h>

const struct owned owned_rows[OWNED_ROWS] = {
    {"group.id", "it is service.name"},
    {"group.instance.id", "it is made of service.name, service.instance and the worker"},
    {"client.id", "it is made of service.name and service.instance"},
    {"bootstrap.servers", "it is kafka.brokers"},
    {"metadata.broker.list", "it is kafka.brokers"},
    {"enable.auto.commit", "offsets commit only with the outcomes of their samples (I1)"},
    {"auto.commit.enable", "offsets commit only with the outcomes of their samples (I1)"},
    {"enable.auto.offset.store", "offsets commit only with the outcomes of their samples (I1)"},
    {"auto.offset.reset",
     "an offset out of range is an error, never a silent jump; see admit.start"},
    {"isolation.level", "aborted records must not be seen (I2)"},
    {"partition.assignment.strategy", "there is one way to lose a partition, by range"},
    {"group.protocol", "there is one way to lose a partition, by range"},
    {"session.timeout.ms", "it is kafka.session_timeout"},
    {"transactional.id", "it fences a double of this process (I2)"},
    {"transaction.timeout.ms", "it is half of kafka.session_timeout"},
    {"enable.idempotence", "nothing may be written twice (I2)"},
    {"acks", "a task that is not on all replicas is not asked (I3)"},
    {"request.required.acks", "a task that is not on all replicas is not asked (I3)"},
    {"partitioner", "tasks and labels of one id must meet in one partition"},
    {"enable.partition.eof", "the readers need it as it is"},
    {"test.mock.num.brokers", "a real broker is needed; see winnowd demo"},
};

const char *owned_why(const char *property) {
    for (size_t i = 0; i < OWNED_ROWS; i++)
        if (strcmp(owned_rows[i].key, property) == 0) return owned_rows[i].why;
    return NULL;
}
