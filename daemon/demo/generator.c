/* Three patterns of payments (genuine, and two kinds of fraud), each a row of distributions; an
 * event is drawn field by field.
 *
 * Each field of a fraudulent event is drawn from the genuine pattern with probability
 * GENERATOR_DISGUISE, so no single field gives fraud away and a model must weigh them all. The
 * first kind is stolen card data used online: young cards, gift cards and electronics, at night,
 * many payments a day. The second kind is skimmed cards at counters far from home; most fields that
 * pointed to the first kind now point away from fraud. One table says which fields there are;
 * events and configuration are both written from it.
 *
 * Thread: any thread */
#include "generator.h"

#include "base/error.h"
#include "base/rng.h"

#include <inttypes.h>
#include <math.h>

enum {
    COUNTRIES = 7, // values of the three categories below
    TYPES = 3,
    CATEGORIES = 8
};

#define GENERATOR_DISGUISE 0.07 // probability that a field of fraud looks genuine
#define CARD_AGE_MAX 7300       // days
#define AMOUNT_MAX 25000
#define DISTANCE_MAX 20000 // km: half way round the earth

static const char *const countries[] = {"NL", "DE", "FR", "GB", "US", "BR", "NG"};
static const char *const types[] = {"debit", "credit", "prepaid"};
static const char *const categories[] = {"groceries",   "restaurants", "fuel",    "fashion",
                                         "electronics", "travel",      "digital", "gift_cards"};

/* ---- how people pay ---- */

/* A log-normal: exp(mean + spread × normal). */
struct generator_skewed {
    double mean, spread;
};

struct generator_pattern {
    double country[COUNTRIES], type[TYPES], category[CATEGORIES]; // weights
    double abroad[COUNTRIES]; // where the merchant is, when not at home
    double home;              // probability that merchant and card are of one country
    struct generator_skewed age, amount, distance;
    double hour, hours; // mean, spread
    double online;      // probability
    double payments;    // mean of a geometric number
};

enum { GENUINE, STOLEN, SKIMMED };

static const struct generator_pattern patterns[] = {
    [GENUINE] = {.country = {40, 20, 15, 10, 8, 4, 3},
                 .type = {60, 35, 5},
                 .category = {30, 18, 12, 12, 9, 8, 8, 3},
                 .abroad = {20, 20, 20, 15, 15, 6, 4},
                 .home = 0.85,
                 .age = {6.2, 0.9},
                 .amount = {3.3, 1.0},
                 .distance = {1.6, 1.3},
                 .hour = 14,
                 .hours = 4.5,
                 .online = 0.35,
                 .payments = 1.6},
    [STOLEN] = {.country = {20, 15, 15, 15, 25, 6, 4},
                .type = {10, 65, 25},
                .category = {1, 1, 1, 6, 40, 6, 12, 33},
                .abroad = {5, 5, 5, 10, 45, 15, 15},
                .home = 0.3,
                .age = {4.2, 0.7},
                .amount = {5.2, 0.7},
                .distance = {1.6, 1.3},
                .hour = 3,
                .hours = 3,
                .online = 0.97,
                .payments = 6},
    [SKIMMED] = {.country = {40, 25, 20, 10, 3, 1, 1},
                 .type = {80, 18, 2},
                 .category = {20, 2, 46, 2, 2, 26, 1, 1},
                 .abroad = {2, 2, 2, 4, 35, 30, 25},
                 .home = 0.05,
                 .age = {7.2, 0.5},
                 .amount = {4.6, 0.5},
                 .distance = {6.9, 0.7},
                 .hour = 15,
                 .hours = 4,
                 .online = 0.02,
                 .payments = 5},
};

/* ---- the fields of an event ---- */

enum generator_field {
    CARD_COUNTRY,
    CARD_TYPE,
    CARD_AGE,
    MERCHANT_CATEGORY,
    MERCHANT_COUNTRY,
    AMOUNT,
    HOUR,
    ONLINE,
    PAYMENTS,
    DISTANCE,
    FIELDS
};
enum kind { NAME, NUMBER, BOOLEAN };

static const struct {
    const char *object, *key; // object "": at the top
    enum kind kind;
    const char *const *names; // NAME: what it can be
    size_t n;
    int decimals; // NUMBER
    bool log1p;
} fields[FIELDS] = {
    [CARD_COUNTRY] =
        {.object = "card", .key = "country", .kind = NAME, .names = countries, .n = COUNTRIES},
    [CARD_TYPE] = {.object = "card", .key = "type", .kind = NAME, .names = types, .n = TYPES},
    [CARD_AGE] = {.object = "card", .key = "age_days", .kind = NUMBER, .log1p = true},
    [MERCHANT_CATEGORY] = {.object = "merchant",
                           .key = "category",
                           .kind = NAME,
                           .names = categories,
                           .n = CATEGORIES},
    [MERCHANT_COUNTRY] =
        {.object = "merchant", .key = "country", .kind = NAME, .names = countries, .n = COUNTRIES},
    [AMOUNT] = {.object = "", .key = "amount", .kind = NUMBER, .decimals = 2, .log1p = true},
    [HOUR] = {.object = "", .key = "hour", .kind = NUMBER},
    [ONLINE] = {.object = "", .key = "online", .kind = BOOLEAN},
    [PAYMENTS] = {.object = "account", .key = "payments_24h", .kind = NUMBER, .log1p = true},
    [DISTANCE] =
        {.object = "account", .key = "distance_km", .kind = NUMBER, .decimals = 1, .log1p = true},
};

/* ---- drawing ---- */

static size_t generator_draw_name(struct rng *r, const double *weight, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += weight[i];
    double left = sum * rng_next_unit(r);
    for (size_t i = 0; i + 1 < n; i++)
        if ((left -= weight[i]) < 0) return i;
    return n - 1;
}

static double generator_draw_skewed(struct rng *r, struct generator_skewed s, double most) {
    return fmin(exp(s.mean + s.spread * rng_next_normal(r)), most);
}

static double generator_draw_hour(struct rng *r, const struct generator_pattern *p) {
    double hour = fmod(p->hour + p->hours * rng_next_normal(r), 24);
    return floor(hour < 0 ? fmin(hour + 24, 23) : hour);
}

static double generator_draw_count(struct rng *r, double mean) {
    return floor(log(1 - rng_next_unit(r)) / log(mean / (1 + mean)));
}

/* The field's value: the index of a name, a number, or 0 and 1. home: the card's country. */
static double generator_draw(struct rng *r, const struct generator_pattern *p,
                             enum generator_field f, double home) {
    switch (f) {
    case CARD_COUNTRY: return (double)generator_draw_name(r, p->country, COUNTRIES);
    case CARD_TYPE: return (double)generator_draw_name(r, p->type, TYPES);
    case CARD_AGE: return floor(generator_draw_skewed(r, p->age, CARD_AGE_MAX));
    case MERCHANT_CATEGORY: return (double)generator_draw_name(r, p->category, CATEGORIES);
    case MERCHANT_COUNTRY:
        return rng_next_unit(r) < p->home ? home
                                          : (double)generator_draw_name(r, p->abroad, COUNTRIES);
    case AMOUNT: return generator_draw_skewed(r, p->amount, AMOUNT_MAX);
    case HOUR: return generator_draw_hour(r, p);
    case ONLINE: return rng_next_unit(r) < p->online;
    case PAYMENTS: return generator_draw_count(r, p->payments);
    case DISTANCE: return generator_draw_skewed(r, p->distance, DISTANCE_MAX);
    case FIELDS: break;
    }
    return 0;
}

/* ---- writing ---- */

static void generator_write_value(enum generator_field f, double value, struct buf *json) {
    switch (fields[f].kind) {
    case NAME: buf_json_str(json, fields[f].names[(size_t)value]); break;
    case NUMBER: buf_printf(json, "%.*f", fields[f].decimals, value); break;
    case BOOLEAN: buf_str(json, value > 0 ? "true" : "false"); break;
    }
}

/* absent: the field that is left out; null: the one that is null; FIELDS: none. */
static void generator_write_event(const char *id, const double value[FIELDS],
                                  enum generator_field absent, enum generator_field null,
                                  struct buf *json) {
    const char *object = "";
    buf_printf(json, "{\"id\":\"%s\"", id);
    bool first = false;
    for (enum generator_field f = 0; f < FIELDS; f++) {
        if (strcmp(object, fields[f].object) != 0) {
            if (*object) buf_str(json, "}");
            if (*fields[f].object) buf_printf(json, ",\"%s\":{", fields[f].object);
            object = fields[f].object;
            first = *object;
        }
        if (f == absent) continue;
        buf_printf(json, "%s\"%s\":", first ? "" : ",", fields[f].key);
        first = false;
        if (f == null) buf_str(json, "null");
        else generator_write_value(f, value[f], json);
    }
    buf_str(json, *object ? "}}" : "}");
}

/* Breaks the event as real records are broken: cut short, a number that is none, a text for a
 * number. */
static void generator_damage(struct rng *r, size_t start, struct buf *json) {
    static const char *const wrong[] = {"NaN,", "\"a lot\","};
    uint64_t how = rng_below(rng_next(r), 3);
    if (how == 2) {
        json->len = start + (json->len - start) * 2 / 3;
        return;
    }
    char *amount = memmem(json->at + start, json->len - start, "\"amount\":", 9);
    CHECK(amount);
    json->len = (size_t)(amount + 9 - json->at);
    buf_printf(json, "%s\"hour\":12}", wrong[how]);
}

static bool generator_is_broken(const struct generator *s, uint64_t i) {
    uint64_t block = i / GENERATOR_BROKEN_EVERY;
    return i % GENERATOR_BROKEN_EVERY ==
           rng_below(rng_keyed(RNG_DEMO, s->seed, block, 1, 0), GENERATOR_BROKEN_EVERY);
}

void generator_make(const struct generator *s, uint64_t i, struct generator_event *out,
                    struct buf *json) {
    struct rng r = {.seed = rng_keyed(RNG_DEMO, s->seed, i, 0, 0)};
    *out = (struct generator_event){.fraud = rng_next_unit(&r) < GENERATOR_FRAUD_SHARE,
                                    .broken = generator_is_broken(s, i),
                                    .missing = rng_next_unit(&r) < GENERATOR_MISSING_SHARE};
    snprintf(out->id, sizeof out->id, "p-%" PRIu64, i + 1);
    size_t fraud = i < s->samples / 2 ? STOLEN : SKIMMED, start = json->len;
    double value[FIELDS];
    for (enum generator_field f = 0; f < FIELDS; f++) {
        bool shows = rng_next_unit(&r) >= GENERATOR_DISGUISE;
        value[f] = generator_draw(&r, &patterns[out->fraud && shows ? fraud : GENUINE], f,
                                  f > CARD_COUNTRY ? value[CARD_COUNTRY] : 0);
    }
    out->missing &= !out->broken;
    enum generator_field gone =
        out->missing ? (enum generator_field)rng_below(rng_next(&r), FIELDS) : FIELDS;
    bool null = rng_next_unit(&r) < 0.5;
    if (null) generator_write_event(out->id, value, FIELDS, gone, json);
    else generator_write_event(out->id, value, gone, FIELDS, json);
    if (out->broken) generator_damage(&r, start, json);
}

/* ---- configuration ---- */

void generator_config(struct buf *yaml) {
    static const char *const kind[] = {
        [NAME] = "category", [NUMBER] = "number", [BOOLEAN] = "boolean"};
    buf_str(
        yaml,
        "admit:\n  id: /id\nmodel:\n  classes: [genuine, fraud]\n  positive: fraud\nfeatures:\n");
    for (enum generator_field f = 0; f < FIELDS; f++) {
        const char *object = fields[f].object;
        if (*object)
            buf_printf(yaml, "  - name: %s_%s\n    path: /%s/%s\n", object, fields[f].key, object,
                       fields[f].key);
        else buf_printf(yaml, "  - name: %s\n    path: /%s\n", fields[f].key, fields[f].key);
        buf_printf(yaml, "    type: %s\n", kind[fields[f].kind]);
        if (fields[f].log1p) buf_str(yaml, "    log1p: true\n");
        for (size_t i = 0; i < fields[f].n; i++)
            buf_printf(yaml, "%s%s%s", i ? ", " : "    values: [", fields[f].names[i],
                       i + 1 == fields[f].n ? "]\n" : "");
        buf_str(yaml, "    missing: true\n");
    }
}
