/* libFuzzer target: any bytes as metadata or policy records are refused, or read to what, written,
 * reads back the same; and any state that reads decides samples without a fault.
 *
 * The first byte chooses: text as it came, or the fields of a state (a checksum is not found by
 * chance). clang -fsanitize=fuzzer,address,undefined ... tests/fuzz/state.c */
#include "query/strategy.h"

enum { TOPIC = 5, OFFSET = 9, CANDIDATES = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decide(struct partition_state *state) {
    const char *names[] = {"risk", "entropy", "margin"}, *shares[] = {"0.5", "0.3", "0.2"};
    struct config c = {0};
    struct strategy *s = NULL;
    c.query.measure = MEASURE_MIX;
    c.query.mix = (struct map){(char **)names, (char **)shares, 3};
    c.query.manager = MANAGER_QUANTILE_WINDOW;
    c.budget.rate = 0.1;
    c.budget.random_share = 0.2;
    c.budget.burst = 10;
    c.budget.per_hour = 10;
    c.query.pending_discount = 1;
    c.pool.window = 10;
    c.pool.share = 0.5;
    c.pool.candidates = CANDIDATES;
    CHECK(strategy_create(&s, &(struct strategy_options){
                                  .config = &c, .partitions = 1, .classes = 2, .columns = 1}) == 0);
    struct policy policy = POLICY_DEFAULT;
    struct model *m = NULL;
    struct pool *pool = pool_create(CANDIDATES, 1);
    struct decision held[CANDIDATES];
    CHECK(model_create(&m, &(struct model_shape){
                               .d = 1, .k = 2, .members = 1, .layers = 1, .width = {1, 2}}) == 0);
    for (int64_t i = 0; i < 50; i++) {
        const float prob[2] = {0.02f * (float)i, 1 - 0.02f * (float)i};
        const double row = (double)i;
        struct decision d;
        const struct pick *picks;
        strategy_decide(
            s, &policy, i * 1000000,
            &(struct candidate){
                .offset = i, .mixed = prob, .prob = prob, .row = &row, .model = m, .scored = true},
            state, &d);
        CHECK(d.covered ? d.propensity > 0 && d.propensity <= 1 : d.propensity == 0);
        int slot = d.for_pool ? pool_offer(pool, i, d.utility, &row) : -1;
        if (slot >= 0) held[slot] = d;
        if (i % 10 == 9)
            strategy_flush(
                s, &(struct flush){.policy = &policy, .model = m, .pool = pool, .held = held},
                state, &picks);
        CHECK(state->tokens >= 0);
    }
    pool_destroy(pool);
    model_destroy(m);
    strategy_destroy(s);
}

static void check_state(struct text metadata) {
    struct partition_state read;
    char text[STATE_TEXT_MAX + 1];
    if (state_read(&read, TOPIC, OFFSET, metadata) < 0) return;
    CHECK(state_write(&read, TOPIC, OFFSET, text) == metadata.len &&
          memcmp(text, metadata.at, metadata.len) == 0);
    decide(&read);
}

static void check_policies(struct text record) {
    struct policy p = POLICY_DEFAULT, again = POLICY_DEFAULT;
    struct buf out = {0};
    if (policy_learner_read(&p.learner, record) == 0) {
        policy_learner_write(&p.learner, &out);
        CHECK(policy_learner_read(&again.learner, buf_view(&out)) == 0 &&
              again.learner.live == p.learner.live);
    }
    buf_reset(&out);
    if (policy_operator_read(&p.operator_, record) == 0) {
        policy_operator_write(&p.operator_, &out);
        CHECK(policy_operator_read(&again.operator_, buf_view(&out)) == 0 &&
              again.operator_.budget_scale == p.operator_.budget_scale);
    }
    buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!size) return 0;
    struct text rest = {(const char *)data + 1, size - 1};
    struct partition_state made = {0};
    char text[STATE_TEXT_MAX + 1];
    if (data[0] & 1) {
        check_state(rest);
        check_policies(rest);
    } else {
        memcpy(&made, rest.at, rest.len < sizeof made ? rest.len : sizeof made);
        size_t n = state_write(&made, TOPIC, OFFSET, text);
        check_state((struct text){text, n});
    }
    return 0;
}
