/* Places of a topic's partitions: what is handed out and which ends are told while a position is in
 * doubt. Messages are made by hand; no broker is asked. */
#include "kafka/places.h"

#include "unit/test.h"

enum { PARTITION = 0, OTHER_PARTITION = 1, LOOKS_MOST = 100 };

static struct position position_of(int64_t next, int64_t record) {
    struct position p = {.next = next, .mark = mark_none()};
    if (record >= 0) mark_record(&p.mark, record, 0, TEXT("key"), TEXT("value"));
    return p;
}

/* The library keeps more behind a message than its type says, a time among it: here none. */
struct message {
    rd_kafka_message_t said;
    char kept[1024];
};

static struct message record_at(int32_t partition, int64_t offset) {
    return (struct message){.said = {.partition = partition,
                                     .offset = offset,
                                     .key = (void *)"key",
                                     .key_len = 3,
                                     .payload = (void *)"value",
                                     .len = 5}};
}

static bool takes(struct places *s, int32_t partition, int64_t offset) {
    struct message m = record_at(partition, offset);
    return places_take(s, &m.said);
}

static void happens(struct places *s, rd_kafka_resp_err_t err, int32_t partition, int64_t offset) {
    rd_kafka_message_t m = {.err = err, .partition = partition, .offset = offset};
    places_event(s, &m);
}

static struct places two_read_from_their_beginning(void) {
    struct places s = {.topic = "samples"};
    struct position at = position_of(0, -1);
    places_begin(&s, PARTITION, &at);
    places_begin(&s, OTHER_PARTITION, &at);
    return s;
}

static void an_end_is_told_once(void **state) {
    (void)state;
    struct places s = two_read_from_their_beginning();
    int32_t partition;
    int64_t end;
    assert_true(takes(&s, PARTITION, 0));
    happens(&s, RD_KAFKA_RESP_ERR__PARTITION_EOF, PARTITION, 2);
    assert_true(places_next_end(&s, &partition, &end));
    assert_int_equal(partition, PARTITION);
    assert_int_equal(end, 2);
    assert_false(places_next_end(&s, &partition, &end));
    places_release(&s);
}

/* Whoever hears of an end believes to have had every record before it. */
static void an_end_behind_records_that_were_passed_over_is_not_told(void **state) {
    (void)state;
    struct places s = two_read_from_their_beginning();
    int32_t partition;
    int64_t end;
    happens(&s, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, OTHER_PARTITION, 0);
    assert_false(takes(&s, PARTITION, 0));
    happens(&s, RD_KAFKA_RESP_ERR__PARTITION_EOF, PARTITION, 1);
    assert_false(places_next_end(&s, &partition, &end));
    assert_false(places_sure(&s, PARTITION));
    places_release(&s);
}

static struct position read_from(size_t topic, int32_t partition, void *opaque) {
    (void)topic, (void)partition;
    return *(struct position *)opaque;
}

/* An end of the reading before is none of the new one: who hears of it, or goes on at it after a
 * pause, has passed over what is between. */
static void an_end_is_forgotten_when_reading_begins_elsewhere(void **state) {
    (void)state;
    struct places s = two_read_from_their_beginning();
    struct position committed = position_of(3, -1);
    const struct position_owner owner = {read_from, NULL, &committed};
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(2);
    int32_t partition;
    int64_t end;
    happens(&s, RD_KAFKA_RESP_ERR__PARTITION_EOF, PARTITION, 9);
    happens(&s, RD_KAFKA_RESP_ERR__PARTITION_EOF, OTHER_PARTITION, 9);
    places_restart(&s, &owner, list);
    assert_int_equal(list->cnt, 2);
    assert_int_equal(list->elems[0].offset, 3);
    assert_int_equal(s.standing, 0);
    assert_false(places_next_end(&s, &partition, &end));
    happens(&s, RD_KAFKA_RESP_ERR__PARTITION_EOF, OTHER_PARTITION, 10);
    places_begin(&s, PARTITION, &committed);
    assert_int_equal(s.standing, 1);
    assert_true(places_next_end(&s, &partition, &end));
    assert_int_equal(partition, OTHER_PARTITION);
    assert_int_equal(end, 10);
    assert_false(places_next_end(&s, &partition, &end));
    rd_kafka_topic_partition_list_destroy(list);
    places_release(&s);
}

/* The look after a pause is at the first record, whatever events came before it. */
static void a_record_behind_an_event_ends_a_pause(void **state) {
    (void)state;
    struct places s = two_read_from_their_beginning();
    rd_kafka_message_t event = {.err = RD_KAFKA_RESP_ERR__PARTITION_EOF};
    struct message record = record_at(PARTITION, 0);
    rd_kafka_message_t *only_event[] = {&event}, *both[] = {&event, &record.said};
    s.record_ms = 1000;
    places_wake(&s, NULL, NULL, only_event, 1, 1001, NULL);
    assert_int_equal(s.record_ms, 1000);
    places_wake(&s, NULL, NULL, both, 2, 1002, NULL); // too short a pause for a question
    assert_int_equal(s.record_ms, 1002);
    places_release(&s);
}

/* ---- a partition that was never read ---- */

struct keeper {
    struct position at; // of every partition
    int moves;
    bool full; // keeps nothing
};

static struct position keeper_position(size_t topic, int32_t partition, void *opaque) {
    (void)topic, (void)partition;
    return ((struct keeper *)opaque)->at;
}

static void keeper_moved(size_t topic, int32_t partition, int64_t to, void *opaque) {
    (void)topic, (void)partition;
    struct keeper *k = opaque;
    k->moves++;
    if (!k->full) k->at = position_of(to, -1);
}

/* One that is found while the others are read is due from offset 0: if retention was faster, the
 * position is judged and said. What the log still holds is all that a first start can ask for. */
static void an_added_partition_is_due_from_its_first_record(void **state) {
    (void)state;
    const struct evidence deleted = {.low = 7, .high = 20};
    const struct {
        int64_t kept;
        bool added, full;
        int32_t partition;
        int64_t first;
        enum lost lost;
    } cases[] = {
        {-1, true, false, 2, 0, LOST_GONE},
        {-1, false, false, 2, RD_KAFKA_OFFSET_BEGINNING, LOST_NONE},              // first start
        {-1, true, false, OTHER_PARTITION, RD_KAFKA_OFFSET_BEGINNING, LOST_NONE}, // is read
        {-1, true, true, 2, RD_KAFKA_OFFSET_BEGINNING, LOST_NONE},
        {9, true, false, 2, 9, LOST_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct places s = two_read_from_their_beginning();
        struct keeper k = {.at = position_of(cases[i].kept, -1), .full = cases[i].full};
        const struct position_owner owner = {keeper_position, keeper_moved, &k};
        struct position at = places_first(&s, cases[i].partition, cases[i].added, &owner);
        assert_int_equal(at.next, cases[i].first);
        assert_int_equal(k.moves, cases[i].full || cases[i].first == 0);
        if (at.next >= 0) assert_int_equal(position_judge(&k.at, &deleted), cases[i].lost);
        places_release(&s);
    }
}

/* ---- one place ---- */

static void the_same_record_lets_reading_go_on(void **state) {
    (void)state;
    struct place p;
    struct position at = position_of(100, 99);
    assert_int_equal(place_begin(&p, &at), 99);
    struct message before = record_at(PARTITION, 99), next = record_at(PARTITION, 100);
    assert_false(place_record(&p, &before.said));
    assert_true(place_record(&p, &next.said));
    assert_true(place_sure(&p));
}

/* A leader that is new, or does not know yet that it leads no more, may know less of the end than
 * its readers: that the record was not there was so then, and is no evidence beside an end that is
 * asked for later. */
static void an_end_at_the_record_says_nothing_of_it(void **state) {
    (void)state;
    const struct {
        int64_t end;
        bool looked;
        enum lost lost; // when the log is found whole
    } cases[] = {{99, false, LOST_NONE}, {100, true, LOST_ANEW}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct place p;
        struct position at = position_of(100, 99);
        place_begin(&p, &at);
        place_end(&p, cases[i].end);
        assert_true(p.doubt);
        assert_int_equal(p.looked, cases[i].looked);
        struct evidence e = {.high = 200, .looked = p.looked, .found = p.found};
        assert_true(place_conclude(&p, &e));
        assert_int_equal(p.lost, cases[i].lost);
    }
}

static void what_fits_is_still_looked_at(void **state) {
    (void)state;
    const struct {
        int64_t low;
        enum place_probe then;
    } cases[] = {{0, PLACE_RECORD}, {99, PLACE_RECORD}, {100, PLACE_SURE}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct place p;
        struct position at = position_of(100, 99);
        place_begin(&p, &at);
        place_out_of_range(&p);
        assert_true(place_conclude(&p, &(struct evidence){.low = cases[i].low, .high = 200}));
        at = place_where(&p, cases[i].low);
        place_begin(&p, &at);
        assert_int_equal(p.probe, cases[i].then);
    }
}

static void a_log_that_ends_too_early_is_asked_again(void **state) {
    (void)state;
    const struct evidence behind = {.high = 60}, whole = {.high = 200};
    struct place p;
    struct position at = position_of(100, 99);
    place_begin(&p, &at);
    place_out_of_range(&p);
    for (int i = 0; i < 5; i++) assert_false(place_conclude(&p, &behind));
    assert_true(p.doubt);
    assert_true(place_conclude(&p, &whole)); // the leader of the past has heard of the present one
    assert_int_equal(p.lost, LOST_NONE);

    place_begin(&p, &at);
    place_out_of_range(&p);
    int looks = 1;
    while (looks < LOOKS_MOST && !place_conclude(&p, &behind)) looks++;
    assert_in_range(looks, 6, LOOKS_MOST - 1);
    assert_int_equal(p.lost, LOST_AHEAD);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_is_told_once),
        cmocka_unit_test(an_end_behind_records_that_were_passed_over_is_not_told),
        cmocka_unit_test(an_end_is_forgotten_when_reading_begins_elsewhere),
        cmocka_unit_test(a_record_behind_an_event_ends_a_pause),
        cmocka_unit_test(an_added_partition_is_due_from_its_first_record),
        cmocka_unit_test(the_same_record_lets_reading_go_on),
        cmocka_unit_test(an_end_at_the_record_says_nothing_of_it),
        cmocka_unit_test(what_fits_is_still_looked_at),
        cmocka_unit_test(a_log_that_ends_too_early_is_asked_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
