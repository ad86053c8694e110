/* Records of the labels topic that could not be read, on their way to the dead letters.
 *
 * Every process that learns or stands by reads all labels, so all of them find these; the one that
 * learns writes them, before its store says that they were read. A crash may so write one twice,
 * and loses none. Who takes over writes what its predecessor had not read yet; a store that is
 * filled again writes nothing that was read before it was lost.
 *
 * Thread: learner thread */
#pragma once

#include "kafka/topic_reader.h"
#include "learning.h"

struct label_letters;

struct label_letters *label_letters_create(struct learning *learning);
void label_letters_destroy(struct label_letters *l);
/* Keeps one, copied, with why it could not be read. Beyond 1,000 those before are given up (said).
 */
void label_letters_add(struct label_letters *l, const struct reader_record *r, const char *why);
/* The id of the labels topic, as in a mark: what was written of another one says nothing of it. */
void label_letters_topic(struct label_letters *l, uint32_t id);
/* The partition is read again from there, because its old position did not fit it: what stands
 * behind is not written. */
void label_letters_moved(struct label_letters *l, int32_t partition, int64_t to);
/* How many are kept; and back to so many, where a round is tried again. */
size_t label_letters_kept(const struct label_letters *l);
void label_letters_rewind(struct label_letters *l, size_t kept);
/* From here on this process writes them; progress: the progress record of the one before it, which
 * has written what it had read. */
void label_letters_open(struct label_letters *l, struct text progress);
/* It does no more. */
void label_letters_close(struct label_letters *l);
/* Writes what is kept, where this process does and the topic takes it; else it is tried again after
 * a minute. Never an error: learning goes on. */
void label_letters_write(struct label_letters *l);
