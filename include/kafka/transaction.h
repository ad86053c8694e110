/* Exactly-once commit: records and consumed offsets, all of them or none, for every writer.
 *
 * With a transactional id (promise I2):
 *
 *   READY ──begin──► OPEN ──records, offsets──► SENT ──commit──► READY
 *     ▲                 │                         │
 *     └──── aborted ────┤◄── commit refused ──────┘
 *                       └──► DEAD
 *
 * An abort leads back to READY only when every record had been acknowledged (the rule of
 * kafka/producer.h). Without transactions (promise I3) the edges are the same: OPEN lasts until all
 * records are acknowledged, SENT until the offsets are committed, and what takes too long is
 * purged, which is an abort. daemon/kafka/transaction_state.c has the table.
 *
 * Thread: the thread that owns the producer */
#pragma once

#include "config/kafka_properties.h"
#include "kafka/producer.h"

/* One attempt to write (records) records and commit (offsets) offsets; the producer must be ready.
 * Records with `sent` are not sent again without transactions; with them all are. Offsets outside
 * the consumer's assignment are a bug here: the caller drops them first.
 *   0           all is written
 *   ERR_ABORT   nothing of it is visible: it may be tried again
 *   ERR_RETRY   without transactions: some records may be there (marked `sent`), the offsets are
 *               not committed: it may be tried again
 *   ERR_FENCED  another process has this identity; outcome unknown
 *   ERR_FATAL   outcome unknown: ask the broker what is committed
 * After any but 0, ask producer_dead before the next attempt. */
int transaction_commit(struct producer *p, struct producer_record *record, size_t records,
                       const struct producer_offset *offset, size_t offsets) MUST_CHECK;
