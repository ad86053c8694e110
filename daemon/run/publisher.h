/* The one producer of the models topic, and of third readers' tasks: each publication is a
 * transaction. Private to the room.
 *
 * Thread: learner thread */
#pragma once

#include "publication.h"

struct publisher;

/* Not open yet. `learning` is borrowed. */
struct publisher *publisher_create(struct learning *learning);
void publisher_destroy(struct publisher *p);
/* Fences the predecessor, and our own requests of before: from here on they can write no more. Once
 * more after ERR_RETRY. What is known of the topics' limits stays known. ERR_RETRY: Kafka does not
 * answer; ERR_FATAL. */
int publisher_open(struct publisher *p) MUST_CHECK;

/* Bytes of the largest batch that the topic takes. */
size_t publisher_room(const struct publisher *p, enum publication_topic topic);
/* Adds a version in chunks that the topic takes; *bytes: of its record. ERR_FULL: it takes none,
 * however it is cut (said, with what would help). */
int publisher_add_version(const struct publisher *p, struct publication *to, struct model *m,
                          size_t *bytes) MUST_CHECK;

/* Sends it until it went out. ERR_RETRY: it may have gone out or not, and this producer is dead; a
 * rival may have published since, so the topic must be read again before another is opened.
 * ERR_FENCED; when told to stop the ERR_ of the last attempt. */
int publisher_send(struct publisher *p, const struct publication *what) MUST_CHECK;
/* The same, once. ERR_ as transaction_commit; publisher_dead tells whether the topic must be read.
 */
int publisher_try(struct publisher *p, const struct publication *what) MUST_CHECK;
bool publisher_dead(const struct publisher *p);
/* What Kafka said of the last trouble; NULL: nothing. */
const char *publisher_trouble(const struct publisher *p);
