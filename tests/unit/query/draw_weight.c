/* Pieces by doubt: half for all, half by the doubt over its mean, which is found by itself. */
#include "query/draw_weight.h"

#include "base/rng.h"
#include "query/selection_state.h"
#include "unit/test.h"

#include <math.h>

enum { MOST = 75 };

static void a_sample_takes_half_at_least(void **state) {
    (void)state;
    static const uint32_t levels[] = {0, 1, 1 << 23, (1 << 24) - 1};
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        uint32_t before = 0;
        for (int d = 0; d <= 100; d++) {
            uint32_t pieces = draw_weight(levels[i], (float)d / 100, false, MOST);
            assert_in_range(pieces, STATE_PIECES / 2, MOST);
            assert_true(pieces >= before);
            before = pieces;
            uint32_t within = draw_weight(levels[i], (float)d / 100, true, MOST);
            assert_true(within == (pieces < 20 ? 20 : pieces)); // a quarter above STATE_PIECES
        }
        assert_int_equal(draw_weight(levels[i], (float)NAN, false, MOST), MOST);
    }
}

/* Whatever doubts are like: all alike, none at all, or rare. taken: share that takes none. */
static void the_mean_finds_its_place(void **state) {
    (void)state;
    static const struct {
        double rare, much, little, taken;
    } cases[] = {{0, 0, 0.3, 0},      {0, 0, 0, 0},          {0.01, 0.9, 0.01, 0.01},
                 {0.1, 1, 0.2, 0.05}, {0.5, 1, 0.001, 0.04}, {0, 0, 0, 0.4}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rng r = {.seed = i + 1};
        uint32_t level = 0;
        double sum = 0;
        enum { SETTLED = 10000, N = 40000 };
        for (int n = -SETTLED; n < N; n++) {
            double doubt = rng_next_unit(&r) < cases[i].rare ? cases[i].much : cases[i].little;
            uint32_t pieces = draw_weight(level, (float)doubt, false, MOST);
            if (rng_next_unit(&r) < cases[i].taken) pieces = 0;
            level = draw_weight_level(level, pieces);
            if (n >= 0) sum += pieces;
        }
        assert_true(fabs(sum / N / STATE_PIECES - 1) < 0.03);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sample_takes_half_at_least),
        cmocka_unit_test(the_mean_finds_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
