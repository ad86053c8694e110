/* The configuration: grammar, messages, cross checks, environment, printing. I10-config.c walks the
 * options table. */
#include "config_file.h"

#include "base/rng.h"
#include "config/option_table.h"

#include <unistd.h>

/* The least that loads; cases append to it or leave one of the two out. */
#define M "model: {classes: [a, b]}\n"
#define F "features: [{name: x}]\n"
#define LONG30 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define LONG LONG30 LONG30 LONG30 LONG30

static size_t lines(const struct buf *b) {
    size_t n = 0;
    for (size_t i = 0; i < b->len; i++) n += b->at[i] == '\n';
    return n;
}

static void defaults_fill_what_the_file_leaves_out(void **state) {
    (void)state;
    struct config *c = parsed(M F);
    assert_string_equal(c->service.name, "winnowd");
    assert_int_equal(c->service.learner, LEARNER_AUTO);
    assert_int_equal(c->service.delivery, DELIVERY_EXACTLY_ONCE);
    assert_int_equal(c->kafka.session_timeout, 10000);
    assert_int_equal(c->admit.max_bytes, 1 << 20);
    assert_int_equal(c->admit.start, START_EARLIEST);
    assert_int_equal(c->query.measure, MEASURE_LOG_ODDS_MARGIN);
    assert_int_equal(c->query.manager, MANAGER_QUANTILE_WINDOW);
    assert_int_equal(c->route.priority, PRIORITY_UTILITY);
    assert_true(c->budget.rate == 0.01);
    assert_int_equal(c->train.memories.n, 4);
    assert_string_equal(c->train.memories.at[3], "5000");
    assert_int_equal(c->kafka.common.n, 0);
    assert_int_equal(c->features_n, 1);
    assert_int_equal(c->features[0].type, FEATURE_NUMBER);
    assert_string_equal(c->features[0].path, "/x");
    assert_string_equal(c->model.positive, "b");
    config_destroy(c);
}

static void enums_follow_the_choices(void **state) {
    (void)state;
    struct config *c = parsed(
        M "service: {delivery: at_least_once}\nadmit: {start: latest, json_reader: cjson}\n"
          "route: {priority: value_at_risk, value: y}\n"
          "features: [{name: x, type: category, hash: 4}, {name: y}, {name: z, type: boolean}]\n");
    assert_int_equal(c->service.delivery, DELIVERY_AT_LEAST_ONCE);
    assert_int_equal(c->admit.start, START_LATEST);
    assert_int_equal(c->admit.json_reader, JSON_READER_CJSON);
    assert_int_equal(c->route.priority, PRIORITY_VALUE_AT_RISK);
    assert_int_equal(c->features[0].type, FEATURE_CATEGORY);
    assert_int_equal(c->features[2].type, FEATURE_BOOLEAN);
    config_destroy(c);
}

/* What must load, as it is. */
static void forms_that_are_right(void **state) {
    (void)state;
    static const char *const right[] = {
        "\xEF\xBB\xBF" M F,
        "---\n" M F "...\n",
        M F "budget:\n", // all keys commented out
        M F "budget: ~\n",
        M "features:\n  - name: x\n    clip: [-1.5e3, 0]\n  - {name: y, type: category, values: "
          "[no, 1, '', \"null\"]}\n",
        "model: {classes: [0, 1], positive: 0}\n" F,
        "model: {classes: [yes, no]}\n" F,
        M F "query: {measure: mix, mix: {risk: 0.7, entropy: 0.2, margin: 0.1}}\n",
        M F "watch: {listen: '[::1]:80'}\n",
        "model: {classes: [a.b, c]}\n" F "watch: {cost: {a.b.c: 100, c.a.b: 0.5}}\n",
        "model: {classes: [ok, bad]}\n" F "watch: {cost: {bad.ok: x, ok.bad: 3}}\n",
        M F "budget: {target: {recall: 0.8, cost: 2.5}}\n",
        M F "watch: {listen: localhost:0}\n",
        M F "watch: {listen: ''}\n",
        M F "bridge: {url: 'http://[::1]:8080/studio', tool: http, path: '/a/{id}?q={reason}'}\n",
        M F "bridge: {headers: {X-Case: '{sample_id} {token}'}}\n",
        M F "replay: {switches: [0 1 2, \"7 9223372036854775807 0\"]}\n",
        M F "kafka: {brokers: 'a:1,[::1]:9092', common: {enable.foo: true, linger.ms: 5, x: ''}}\n",
        M F "route: {fields: [/a~0b, /], mask: [/c~1d]}\n",
        M F "budget: {rate: 0}\n",
        M F "admit: {max_bytes: 65536}\nroute: {interval: 4s}\n",
        M F "query: {threshold: -0.5e-3}\n",
        M F "service: {workers: 0}\n",
        M F "service: {learner: true}\n",
        M F "service: {learner: false}\n",
    };
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) config_destroy(parsed(right[i]));
}

static void units_are_read(void **state) {
    (void)state;
    struct config *c =
        parsed(M F "route: {interval: 7ms, expiry: 2h, cycle_bytes: 64KiB}\n"
                   "train: {park: 3d, interval: 5m, store: 2GiB}\nadmit: {max_bytes: 100B}\n");
    assert_int_equal(c->route.interval, 7);
    assert_int_equal(c->route.expiry, 7200000);
    assert_int_equal(c->route.cycle_bytes, 65536);
    assert_int_equal(c->train.park, 3 * 86400000);
    assert_int_equal(c->train.interval, 300000);
    assert_int_equal(c->train.store, (int64_t)2 << 30);
    assert_int_equal(c->admit.max_bytes, 100);
    config_destroy(c);
}

static const struct wrong {
    const char *yaml, *message;
} wrongs[] = {
    /* YAML that means something else than it shows */
    {M F "budget: &x {rate: 0}\n", "t:3:9: anchors (&) are not allowed"},
    {M F "budget: *x\n", "t:3:9: aliases (*) are not allowed"},
    {M F "budget: {rate: !!float 0}\n", "t:3:16: tags (!) are not allowed"},
    {M F "---\n" M, "t:3:1: a second document (---) is not allowed"},
    {M F "budget: {rate: 0, rate: 1}\n", "t:3:19: budget.rate: given twice; first on line 3"},
    {M F "kafka: {common: {a: b, a: c}}\n", "t:3:24: kafka.common: given twice; first on line 3"},
    {M "features: [{name: x, name: y}]\n", "t:2:22: features.name: given twice"},
    {M F M, "t:3:1: model: given twice; first on line 1"},
    {M F "budget: {<<: {rate: 1}}\n", "t:3:10: merge keys (<<) are not allowed"},
    {M F "budget: {[a]: 1}\n", "t:3:10: a key must be one word"},
    {M F "budget: {'': 1}\n", "t:3:10: a key must have 1 to 255 bytes"},
    {M F "budget: {\"a\\nb\": 1}\n", "t:3:10: a key must have 1 to 255 bytes"},
    {M F "budget: {\"a b\": 1}\n", "t:3:10: a key must have 1 to 255 bytes"},
    {M F "service: {name: \"a\\0b\"}\n", "t:3:17: a NUL character is not allowed"},
    {M F "budget: {rate: 1\n", "t:4:1: not YAML: did not find expected ',' or '}'"},
    {M F "budget:\n\trate: 1\n", "t:4:1: not YAML: found character that cannot start any token"},
    {"# \xC3\xA9\n# \xC3\xA9\xFF\n" M F, "t:2:4: not UTF-8 text"},
    {"\xFE\xFF\0m", "t:1:1: not UTF-8 text"},
    {"- a\n", "t:1:1: the file must consist of sections"},
    {"42", "t:1:1: the file must consist of sections"},
    /* Keys */
    {M F "bugdet: {rate: 1}\n", "t:3:1: bugdet: unknown section; did you mean budget"},
    {M F "rate: 1\n", "t:3:1: rate: unknown section; did you mean budget.rate"},
    {M F "xyzzy: 1\n", "t:3:1: xyzzy: unknown section\n"},
    {M F "budget: {rat: 1}\n", "t:3:10: budget.rat: unknown key; did you mean budget.rate"},
    {M F "budget: {threshold: 1}\n",
     "t:3:10: budget.threshold: unknown key; did you mean query.threshold"},
    {M "features: [{name: x, tpye: number}]\n",
     "t:2:22: features.tpye: unknown key; did you mean features.type"},
    {M F "budget: [1]\n", "t:3:9: budget: is a section"},
    {M F "budget: 1\n", "t:3:9: budget: is a section"},
    /* Types */
    {M F "infer: {exact: yes}\n",
     "infer.exact: \"yes\" is neither true nor false; allowed boolean: true, false"},
    {M F "infer: {exact: TRUE}\n", "did you mean true"},
    {M F "infer: {exact: 'true'}\n", "is quoted; write it without quotes"},
    {M F "service: {learner: yes}\n",
     "service.learner: \"yes\" is not one of the choices; allowed choice: auto, true, false"},
    {M F "service: {learner: TRUE}\n", "did you mean true"},
    {M F "service: {workers: 0, learner: false}\n",
     "t:3:20: service.workers: 0 leaves nothing to do"},
    {M F "service: {workers: 1.0}\n",
     "t:3:20: service.workers: \"1.0\" is not a whole number; allowed whole number: 0 to 64"},
    {M F "service: {workers: 0x1}\n", "is not a whole number"},
    {M F "service: {workers: 010}\n", "has a leading zero"},
    {M F "service: {workers: +1}\n", "is not a whole number"},
    {M F "service: {workers: 1_0}\n", "is not a whole number"},
    {M F "service: {workers: '1'}\n", "is quoted"},
    {M F "service: {workers: 65}\n", "\"65\" is out of range; allowed whole number: 0 to 64"},
    {M F "service: {workers: 99999999999999999999}\n", "is too large"},
    {M F "service: {workers: }\n", "service.workers: has no value"},
    {M F "service: {workers: null}\n", "has no value"},
    {M F "service: {workers: [1]}\n", "service.workers: is a list where one value is expected"},
    {M F "service: {workers: {a: 1}}\n", "service.workers: is a map where one value is expected"},
    {M F "budget: {rate: nan}\n", "\"nan\" is not a number; allowed number: 0 to 1"},
    {M F "budget: {rate: .5}\n", "is not a number"},
    {M F "budget: {rate: 1e}\n", "is not a number"},
    {M F "budget: {rate: 1e999}\n", "is too large"},
    {M F "budget: {rate: 00.5}\n", "has a leading zero"},
    {M F "budget: {rate: -0.1}\n", "is out of range"},
    {M F "budget: {rate: 50%}\n", "is not a number"},
    {M F "route: {interval: 50}\n",
     "route.interval: \"50\" has no unit; allowed duration: 1ms to 4s, with unit ms, s, m, h or d"},
    {M F "route: {interval: 0}\n", "has no unit"},
    {M F "route: {interval: 50 ms}\n", "has an unknown unit"},
    {M F "route: {interval: 5min}\n", "has an unknown unit"},
    {M F "route: {interval: 1.5s}\n", "has an unknown unit"},
    {M F "route: {interval: 5s}\n", "is out of range"},
    {M F "route: {interval: s}\n", "does not start with a whole number"},
    {M F "route: {expiry: 9223372036854775807d}\n", "is too large"},
    {M F "admit: {max_bytes: 64KB}\n",
     "has an unknown unit; allowed size: 64B to 100MiB, with unit B, KiB, MiB or GiB"},
    {M F "admit: {max_bytes: 63}\n", "is out of range"},
    {M F "service: {delivery: exactly-once}\n",
     "service.delivery: \"exactly-once\" is not one of the choices; allowed choice: exactly_once, "
     "at_least_once; did you mean exactly_once"},
    {M F "service: {name: ''}\n", "service.name: is empty; allowed text: 1 to 64 bytes"},
    {M F "service: {name: 12345678901234567890123456789012345678901234567890123456789012345}\n",
     "is too long"},
    {M F "kafka: {password_file: \"a\\tb\"}\n", "has control characters"},
    {M F "route: {fields: /a}\n", "route.fields: is not a list; write [a, b]"},
    {M F "route: {fields: {a: b}}\n", "route.fields: is not a list"},
    {M F "route: {fields: [[/a]]}\n",
     "t:3:18: route.fields: an entry is a list or a map; allowed is one value"},
    {M F "route: {fields: [~]}\n", "route.fields: an entry has no value"},
    {M F "model: {hidden: [1, 2, 3, 4, 5]}\n", "given twice"},
    {"model: {classes: [a, b], hidden: [1, 2, 3, 4, 5]}\n" F,
     "model.hidden: has too few or too many entries; allowed list: at most 4 entries"},
    {M F "train: {memories: []}\n", "train.memories: is empty; allowed list: 1 to 16 entries"},
    {M F "kafka: {common: [a]}\n", "kafka.common: is not a map"},
    {M F "kafka: {common: {a: [b]}}\n", "kafka.common: an entry is a list or a map"},
    {M F "kafka: {common: {a: }}\n", "kafka.common: an entry has no value"},
    /* Across keys */
    {F, "t:1:1: model.classes: is missing"},
    {"model: {classes: [a]}\n" F,
     "model.classes: has too few or too many entries; allowed list: 2 to 1000 entries"},
    {"model: {classes: [a, b, a]}\n" F, "t:1:25: model.classes: \"a\" is used twice"},
    {"model: {classes: [a, '']}\n" F, "t:1:22: model.classes: \"\" is an empty class name"},
    {"model: {classes: [good, fraud], positive: fruad}\n" F,
     "t:1:43: model.positive: \"fruad\" is not one of model.classes; did you mean fraud"},
    {"model: {classes: [a, b], hidden: [32, 0]}\n" F, "t:1:39: model.hidden: \"0\" is not a width"},
    {"model: {classes: [a, b], hidden: [4097]}\n" F,
     "is not a width; allowed whole number: 1 to 4096"},
    {M F "train: {memories: [1000001]}\n", "is not a number of labels"},
    {M F "train: {memories: [50, 200, 200]}\n",
     "train.memories: is not ascending: \"200\" does not come before \"200\""},
    {M F "worker: {cpus: [0, x]}\n", "t:3:20: worker.cpus: \"x\" is not a processor"},
    {M F "worker: {cpus: [1024]}\n", "is not a processor; allowed whole number: 0 to 1023"},
    {M F "service: {name: a b}\n", "service.name: \"a b\" has other characters"},
    {M F "service: {instance: a/b}\n", "service.instance: \"a/b\" has other characters"},
    {M F "topics: {tasks: a/b}\n", "topics.tasks: \"a/b\" has other characters"},
    {M F "topics: {tasks: ..}\n", "topics.tasks: \"..\" is not a name that Kafka allows"},
    {M F "topics: {tasks: labels}\n", "t:3:17: topics.tasks: \"labels\" is used twice"},
    {M F "topics: {predictions: samples}\n", "topics.predictions: \"samples\" is used twice"},
    {M F "topics: {auto_labels: labels}\n", "topics.auto_labels: \"labels\" is used twice"},
    {M F "auto: {enabled: true}\n", "auto.enabled: wants topics.auto_labels"},
    {M F "auto: {error: 0}\n", "auto.error"},
    {M F "kafka: {brokers: 'a:1;b:2,c'}\n",
     "kafka.brokers: \"a:1;b:2,c\" is not HOST:PORT,HOST:PORT"},
    {M F "kafka: {brokers: 'a:1,'}\n", "is not HOST:PORT,HOST:PORT"},
    {M F "kafka: {brokers: 'a:0'}\n", "is not HOST:PORT,HOST:PORT"},
    {M F "kafka: {brokers: 'a:1,Kafka.Example.ORG:9092'}\n", "is an example's name"},
    {M F "kafka: {brokers: 'kafka.invalid:9092'}\n", "is an example's name"},
    {M F "watch: {listen: '9464'}\n", "watch.listen: \"9464\" is not HOST:PORT"},
    {M F "watch: {listen: 'example.com:80'}\n", "is not HOST:PORT"},
    {M F "watch: {listen: '::1:80'}\n", "is not HOST:PORT"},
    {M F "watch: {listen: '127.0.0.1:65536'}\n", "is not HOST:PORT"},
    {M F "watch: {listen: '127.0.0.1.1:80'}\n", "is not HOST:PORT"},
    {M F "bridge: {url: 'http://a:b@host'}\n", "bridge.url: the value holds an '@'"},
    {M F "bridge: {url: 'http://host/'}\n", "ends in a \"/\""},
    {M F "bridge: {url: 'host:8080'}\n", "is not an address like"},
    {M F "bridge: {url: 'http://'}\n", "is not an address like"},
    {M F "bridge: {url: 'http://host?x=1'}\n", "is not an address like"},
    {M F "bridge: {url: 'http://ho st'}\n", "has blanks"},
    {M F "bridge: {path: 'tasks'}\n", "must start with /"},
    {M F "bridge: {path: '/tasks/{row}'}\n", "has a place that no task fills"},
    {M F "bridge: {path: '/tasks/{id'}\n", "has a \"{\" without"},
    {M F "bridge: {path: '/tasks/id}'}\n", "has a \"}\" without"},
    {M F "bridge: {path: '/tasks?key={token}'}\n", "belongs into a header"},
    {M F "bridge: {headers: {X-Case: \"a\\nb\"}}\n",
     "t:3:28: bridge.headers: the value has letters that HTTP does not take here"},
    {M F "bridge: {opinions: 21}\n", "bridge.opinions"},
    {M F "bridge: {on_expiry: drop}\n", "bridge.on_expiry"},
    {M F "replay: {switches: [0 1]}\n",
     "replay.switches: \"0 1\" is not \"PARTITION OFFSET NUMBER\""},
    {M F "replay: {switches: [0 1 -2]}\n", "is not \"PARTITION"},
    {M F "replay: {switches: [0  1 2]}\n", "is not \"PARTITION"},
    {M F "replay: {switches: [2147483648 1 2]}\n", "is not \"PARTITION"},
    {M F "admit: {json_reader: simd}\n", "auto, portable, avx2, cjson"},
    {M F "admit: {id: a}\n", "admit.id: \"a\" is not a JSON pointer; it must start with /"},
    {M F "admit: {event: a}\n", "admit.event: \"a\" is not a JSON pointer"},
    {M F "admit: {ignore: [/op]}\n", "t:3:18: admit.ignore: \"/op\" is not \"POINTER=VALUE\""},
    {M F "admit: {blocked: [status=declined]}\n",
     "t:3:19: admit.blocked: \"status=declined\" is not a JSON pointer"},
    {M F "admit: {ignore: [op=d]}\n", "t:3:18: admit.ignore: \"op=d\" is not a JSON pointer"},
    {M F "admit: {tombstones: drop}\n", "admit.tombstones: \"drop\" is not one of the choices"},
    {M F "labels: {label: verdict}\n", "labels.label: \"verdict\" is not a JSON pointer"},
    {M F "labels: {values: [true]}\n", "t:3:19: labels.values: \"true\" is not \"SPELLING=CLASS\""},
    {M F "labels: {values: [1=a, 2=nowhere]}\n",
     "labels.values: \"nowhere\" is none of model.classes"},
    {M F "labels: {values: [2=skiped]}\n", "nor skipped or cannot_tell; did you mean skipped\n"},
    {M F "labels: {values: [1=a, 0=b, 1=b]}\n", "t:3:29: labels.values: \"1\" is used twice"},
    {M F "labels: {time_unit: m}\n", "labels.time_unit: \"m\" is not one of the choices"},
    {M F "admit: {id: /a~}\n", "admit.id: \"/a~\" is not a JSON pointer; after ~"},
    {M F "route: {mask: [/a, /b~2]}\n", "t:3:20: route.mask: \"/b~2\" is not a JSON pointer"},
    {M F "admit: {decoder: cjson}\n",
     "t:3:9: admit.decoder: unknown key; it is called admit.json_reader now"},
    {M F "admit: {format: avro}\n", "auto, json, registry"},
    {M F "admit: {format: registry}\n", "t:3:17: admit.format: registry needs admit.registry"},
    {M F "admit: {registry: {ca: /x}}\n", "t:3:19: admit.registry: has no url"},
    {M F "admit: {registry: {uri: \"http://r:1\"}}\n",
     "t:3:20: admit.registry: \"uri\" is not a key of it; allowed: url, ca, token_file; did you "
     "mean url"},
    {M F "admit: {registry: {url: \"r:8081\"}}\n", "url: \"r:8081\" is not an address like"},
    {M F "admit: {registry: {url: \"http://r/\"}}\n", "ends in a \"/\""},
    {M F "admit: {registry: {url: \"http://a:b@r\"}}\n", "holds an '@'"},
    {M F "query: {compat: moa}\n", "t:3:9: query.compat: unknown key; it is gone:"},
    {"model: {classes: [a, b], upstream: {score: /s}}\n" F,
     "t:1:37: model.upstream: \"score\" is not a kind of score"},
    {"model: {classes: [a, b], upstream: {probabilty: /s}}\n" F, "did you mean probability"},
    {"model: {classes: [a, b], upstream: {probability: s}}\n" F,
     "model.upstream: \"s\" is not a JSON pointer"},
    {"model: {classes: [a, b], upstream: {logit: /s, probability: /p}}\n" F,
     "model.upstream: has 2 entries; it is one"},
    {"model: {classes: [a, b, c], upstream: {probability: /s}}\n" F,
     "\"probability\" is of two classes, and model.classes has 3"},
    {"model: {classes: [a, b], learn: beside}\n" F,
     "model.learn: is for a score that events bring"},
    {"model: {classes: [a, b], hidden: [4], learn: beside, upstream: {logit: /s}}\n" F,
     "with model.hidden nothing can begin as the score"},
    {M F "query: {measure: mix}\n", "t:3:18: query.measure: mix needs query.mix"},
    {"model: {classes: [ok, bad]}\n" F "watch: {cost: {ok: 1}}\n",
     "watch.cost: \"ok\" is not TRUTH.DECISION, two of model.classes\n"},
    {"model: {classes: [ok, fraud]}\n" F "watch: {cost: {frud.ok: 1}}\n",
     "\"frud.ok\" is not TRUTH.DECISION, two of model.classes; did you mean fraud.ok\n"},
    {"model: {classes: [ok, fraud]}\n" F "watch: {cost: {elsewhere.ok: 1}}\n",
     "\"elsewhere.ok\" is not TRUTH.DECISION, two of model.classes\n"},
    {"model: {classes: [ok, bad]}\n" F "watch: {cost: {bad.ok: -1}}\n",
     "watch.cost: \"-1\" is no cost; allowed number: 0 to 1000000000"},
    {"model: {classes: [ok, bad]}\n" F "watch: {cost: {bad.ok: 1e200}}\n",
     "watch.cost: \"1e200\" is no cost"},
    {"model: {classes: [ok, bad]}\nfeatures: [{name: amount}]\nwatch: {cost: {bad.ok: amout}}\n",
     "t:3:24: watch.cost: \"amout\" is no cost; allowed: a number from 0 to 1000000000, or the "
     "name "
     "of a number feature; did you mean amount\n"},
    {"model: {classes: [ok, bad]}\nfeatures: [{name: x}, {name: y}]\n"
     "watch: {cost: {bad.ok: x, ok.bad: y}}\n",
     "watch.cost: \"y\" is a second feature; all entries that name one name the same\n"},
    {"model: {classes: [ok, bad]}\nfeatures: [{name: x, clip: [0, 9]}]\n"
     "watch: {cost: {bad.ok: x}}\n",
     "watch.cost: \"x\" is clipped: what lies beyond would cost less than it does\n"},
    {"model: {classes: [ok, bad]}\nfeatures: [{name: x, type: boolean}]\n"
     "watch: {cost: {bad.ok: x}}\n",
     "watch.cost: \"x\" is no single number\n"},
    {M F "budget: {target: {recal: 0.8}}\n",
     "t:3:19: budget.target: \"recal\" is not a figure that can be a target; allowed: accuracy, "
     "precision, recall, precision_at_capacity, recall_at_capacity, average_precision, cost; did "
     "you mean recall\n"},
    {M F "budget: {target: {prevalence: 0.8}}\n",
     "t:3:19: budget.target: \"prevalence\" is no target: it tells of the samples"},
    {M F "budget: {target: {log_loss: 0.8}}\n", "\"log_loss\" is no target: only"},
    {M F "budget: {target: {recall: 80}}\n",
     "t:3:27: budget.target: \"80\" is no share to get to; allowed number: above 0, below 1; did "
     "you mean 0.8\n"},
    {M F "budget: {target: {recall: 1}}\n", "\"1\" is no share to get to"},
    {M F "budget: {target: {recall: -0.1}}\n", "\"-0.1\" is no share to get to"},
    {M F "budget: {target: {recall: high}}\n", "\"high\" is no share to get to"},
    {M F "budget: {target: {cost: 0}}\n", "\"0\" is no cost to get to; allowed number: above 0"},
    {M F "budget: {target: {cost: 1e200}}\n", "\"1e200\" is no cost to get to"},
    {M F "budget: {target: 0.8}\n", "t:3:18: budget.target: "},
    {M F "watch: {segments: [country]}\n",
     "watch.segments: \"country\" is not the name of a feature\n"},
    {M "features: [{name: age}, {name: country, type: category, values: [x]}]\n"
       "watch: {segments: [countr]}\n",
     "watch.segments: \"countr\" is not the name of a feature; did you mean country\n"},
    {M "features: [{name: a}]\nwatch: {segments: [a]}\n",
     "t:3:20: watch.segments: \"a\" is not a category with values"},
    {M "features: [{name: a, type: category, hash: 8}]\nwatch: {segments: [a]}\n",
     "watch.segments: \"a\" is not a category with values"},
    {M "features: [{name: a, type: category, values: [x], list: 2}]\nwatch: {segments: [a]}\n",
     "watch.segments: \"a\" is an array"},
    {M "features: [{name: a=b, type: category, values: [x]}]\nwatch: {segments: [a=b]}\n",
     "watch.segments: \"a=b\" has a '='"},
    {M "features: [{name: a, type: category, values: [" LONG "]}]\nwatch: {segments: [a]}\n",
     "watch.segments: \"a\" has values too long"},
    {M "features: [{name: a, type: category, values: [x]}]\nwatch: {segments: [a, a]}\n",
     "\"a\" is used twice"},
    {M F "query: {measure: mix, mix: {risk: 0.5, entropy: 0.4}}\n",
     "query.mix: the shares add up to 0.9; they must add up to 1"},
    {M F "query: {measure: mix, mix: {risk: 1, mix: 1}}\n",
     "query.mix: \"mix\" is not a measure that can be mixed\n"},
    {M F "query: {measure: mix, mix: {rsik: 1}}\n",
     "\"rsik\" is not a measure that can be mixed; did you mean risk"},
    {M F "query: {measure: mix, mix: {risk: 1.5, entropy: -0.5}}\n",
     "query.mix: \"-0.5\" is not a share"},
    {M F "query: {measure: mix, mix: {risk: 1, entropy: 0}}\n", "query.mix: \"0\" is not a share"},
    {M F "query: {measure: mix, mix: {risk: 0.2, entropy: 0.2, margin: 0.2, least_confidence: 0.2, "
         "log_odds_margin: 0.2}}\n",
     "t:3:28: query.mix: has 5 measures; allowed are at most 4"},
    {M F "kafka: {common: {group.id: x}}\n",
     "t:3:18: kafka.common: group.id: winnowd sets this itself: it is service.name"},
    {M F "kafka: {consumer: {isolation.level: read_uncommitted}}\n",
     "t:3:20: kafka.consumer: isolation.level: winnowd sets this itself"},
    {M F "kafka: {producer: {linger.ms: 5, acks: 1}}\n",
     "t:3:34: kafka.producer: acks: winnowd sets this itself"},
    {M F "kafka: {consumer: {heartbeat.interval.ms: 20000}}\n",
     "t:3:43: kafka.consumer: heartbeat.interval.ms: 20000 is out of range; allowed is at most "
     "3333: a third of kafka.session_timeout"},
    {M F "kafka: {session_timeout: 6s, common: {heartbeat.interval.ms: 2001}}\n",
     "t:3:62: kafka.common: heartbeat.interval.ms: 2001 is out of range; allowed is at most 2000"},
    {M F "kafka: {consumer: {max.poll.interval.ms: 9999}}\n",
     "t:3:42: kafka.consumer: max.poll.interval.ms: 9999 is out of range; allowed is at least "
     "10000: kafka.session_timeout"},
    {M F "kafka: {common: {socket.timeout.ms: 60000}}\n",
     "t:3:37: kafka.common: socket.timeout.ms: 60000 is out of range; allowed is 1 to 5000: "
     "the shortest transaction"},
    {M F "kafka: {producer: {message.timeout.ms: 0}}\n",
     "t:3:40: kafka.producer: message.timeout.ms: 0 is out of range; allowed is 1 to 5000"},
    {M F "kafka: {session_timeout: 5m, producer: {delivery.timeout.ms: 20001}}\n",
     "t:3:62: kafka.producer: delivery.timeout.ms: 20001 is out of range; allowed is 1 to "
     "20000"},
    {M F "kafka: {producer: {linger.ms: 5000}}\n",
     "t:3:31: kafka.producer: linger.ms: 5000 is out of range; allowed is at most 4999"},
    {M F "kafka: {brokers: 'ssl://u:hunter2@h:9092'}\n",
     "t:3:18: kafka.brokers: the value holds an '@'"},
    {M "features: [{name: x, type: category, hash: 1048576, missing: true}]\n",
     "t:2:11: features: make 1048577 columns together; allowed are at most 1048576"},
    {M F "people: {double: 0.1}\nbudget: {burst: 1}\n", "people.double: wants a budget.burst of 2"},
    {M F "people: {double: 0.1}\nbudget: {random_share: 1}\n",
     "people.double: at 0.1, with budget.random_share 1, the random arm would cost more"},
    {M F "people: {double: 1.5}\n", "people.double"},
    {M F "people: {double: 0.1, opinions: 3}\nbudget: {burst: 2}\n",
     "people.double: wants a budget.burst of 3"},
    {M F "people: {double: 0.5, opinions: 3}\nbudget: {random_share: 0.6, burst: 9}\n",
     "people.double: at 0.5, with budget.random_share 0.6, the random arm would cost more than the "
     "whole budget: at most 0.3333"},
    {M F "people: {double: 0.1, gold: 0.2}\n", "t:3:29: people.gold: wants people.opinions: 3"},
    {M F "people: {double: 0.1, opinions: 2, gold: 0.2}\n", "people.gold: wants"},
    {M F "people: {opinions: 3, gold: 1.5}\n", "people.gold"},
    {M F "people: {gold: -1}\n", "people.gold"},
    {M F "people: {opinions: 1}\n",
     "t:3:20: people.opinions: \"1\" is out of range; allowed whole number: 2 to 3"},
    {M F "people: {opinions: 4}\n",
     "t:3:20: people.opinions: \"4\" is out of range; allowed whole number: 2 to 3"},
    {M F "people: {opinions: many}\n", "t:3:20: people.opinions"},
    {M F "people: {opinion: 3}\n", "people.opinions"},
    {M F "budget: {rate: 1e-12}\n", "budget.rate: times budget.random_share is below 1e-9"},
    {M F "watch: {label: true}\n", "t:3:16: watch.label: wants watch.token_file"},
    {M F "watch: {label: true, token_file: t, listen: ''}\n",
     "t:3:16: watch.label: wants watch.listen"},
    {M F "kafka: {session_timeout: 6s}\nroute: {interval: 3s}\n",
     "t:4:19: route.interval: a cycle (route.interval) must take less"},
    {M, "t:1:1: features: is missing"},
    {M "features: []\n", "t:2:11: features: is empty"},
    {M "features: {name: x}\n", "t:2:11: features: must be a list"},
    {M "features: [x]\n", "t:2:12: features: an entry must be a map"},
    {M "features: [{path: /x}]\n", "t:2:12: features.name: is missing"},
    {M "features: [{name: ''}]\n", "features.name: is empty"},
    {M "features: [{name: x}, {name: x}]\n", "t:2:30: features.name: \"x\" is used twice"},
    {M "features: [{name: x, decimal: \",\"}]\n",
     "features.decimal: is for type number with parse only"},
    {M "features: [{name: x, type: boolean, parse: true}]\n",
     "features.parse: is for type number only"},
    {M "features: [{name: x, type: text}]\n", "t:2:28: features.type: text needs hash"},
    {M "features: [{name: x, type: vector}]\n", "t:2:28: features.type: vector needs size"},
    {M "features: [{name: x, size: 3}]\n", "features.size: is for type vector only"},
    {M "features: [{name: x, list: 3}]\n", "features.list: is for type category only"},
    {M "features: [{name: x, unit: s}]\n", "features.unit: is for type time only"},
    {M "features: [{name: x, hash: 3}]\n", "features.hash: is for type category or text only"},
    {M "features: [{name: x, path: x}]\n", "features.path: \"x\" is not a JSON pointer"},
    {M "features: [{name: x, clip: [1]}]\n", "features.clip: is not two ascending numbers"},
    {M "features: [{name: x, clip: [2, 2]}]\n", "features.clip: is not two ascending numbers"},
    {M "features: [{name: x, clip: [1, z]}]\n", "t:2:32: features.clip: \"z\" is not a number"},
    {M "features: [{name: x, type: boolean, clip: [0, 1]}]\n",
     "t:2:43: features.clip: is for type number only"},
    {M "features: [{name: x, type: boolean, log1p: true}]\n",
     "features.log1p: is for type number only"},
    {M "features: [{name: x, null_values: [a]}]\n",
     "features.null_values: is for type number with parse only"},
    {M "features: [{name: x, parse: true, null_values: [a, ' b']}]\n",
     "t:2:52: features.null_values: \" b\" has blanks around it"},
    {M "features: [{name: x, parse: true, null_values: [\"b\\t\"]}]\n",
     "features.null_values: \"b\\t\" has blanks around it"},
    {M "features: [{name: x, values: [a]}]\n", "features.values: is for type category only"},
    {M "features: [{name: x, hash: 4}]\n", "features.hash: is for type category or text only"},
    {M F "pool: {window: 10000}\n", "budget.burst: 10 is too small for the pool: a window saves up "
                                    "to 40 labels, so it must be at least 52"},
    {M F "pool: {window: 10000, top: 20}\nbudget: {burst: 26}\n",
     "t:4:17: budget.burst: 26 is too small for the pool: a window saves up to 20 labels, so it "
     "must be at least 27"},
    {M F "pool: {candidates: 10, top: 11}\n", "t:3:29: pool.top: is more than pool.candidates"},
    {M "features: [{name: x, type: category}]\n",
     "t:2:28: features.type: category needs values (a list) or hash"},
    {M "features: [{name: x, type: category, values: [a], hash: 4}]\n",
     "t:2:57: features.hash: values is given too"},
    {M "features: [{name: x, type: category, values: [a, b, a]}]\n",
     "t:2:53: features.values: \"a\" is used twice"},
    {M F "route: {priority: value_at_risk}\n",
     "t:3:19: route.priority: value_at_risk needs route.value"},
    {M F "route: {priority: value_at_risk, value: y}\n",
     "route.value: \"y\" is not the name of a feature\n"},
    {M "features: [{name: amount}]\nroute: {priority: value_at_risk, value: amont}\n",
     "route.value: \"amont\" is not the name of a feature; did you mean amount\n"},
    {M "features: [{name: x, type: boolean}]\nroute: {priority: value_at_risk, value: x}\n",
     "route.value: \"x\" is not a number feature"},
};

/* Each is told with its place, and told once: no second message that only follows from the
 * first. */
static void wrong_files_are_refused_with_one_message(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
        struct config *c = (void *)1;
        struct buf errors = {0};
        int result = config_parse(&c, "t", text_of(wrongs[i].yaml), &errors);
        if (result != ERR_CONFIG || c || !strstr(buf_string(&errors), wrongs[i].message) ||
            lines(&errors) != 1)
            fail_msg("%s\nwanted: %s\ngot %d:\n%s", wrongs[i].yaml, wrongs[i].message, result,
                     buf_string(&errors));
        buf_release(&errors);
    }
}

static void every_error_is_told_at_once_in_order(void **state) {
    (void)state;
    struct config *c = NULL;
    struct buf errors = {0};
    const char *yaml = "service: {name: a b, workers: 65}\n"
                       "budget: {rate: 2, burts: 1, burst: *x}\n"
                       "model: {classes: [a, a], positive: z}\n"
                       "topics: {tasks: samples}\n"
                       "features: [{name: x, clip: [2, 1]}, {name: x, tpye: y}]\n";
    assert_int_equal(config_parse(&c, "a.yaml", text_of(yaml), &errors), ERR_CONFIG);
    static const char *const order[] = {
        "a.yaml:1:17: service.name: ",  "a.yaml:1:31: service.workers: ",
        "a.yaml:2:16: budget.rate: ",   "a.yaml:2:19: budget.burts: ",
        "a.yaml:2:36: aliases",         "a.yaml:3:22: model.classes: ",
        "a.yaml:3:36: model.positive",  "a.yaml:4:17: topics.tasks: ",
        "a.yaml:5:28: features.clip: ", "a.yaml:5:44: features.name: ",
        "a.yaml:5:47: features.tpye: ",
    };
    const char *line = buf_string(&errors);
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        if (strncmp(line, order[i], strlen(order[i])) != 0)
            fail_msg("%zu: %s in\n%s", i, order[i], buf_string(&errors));
        line = strchr(line, '\n') + 1;
    }
    assert_string_equal(line, "");
    buf_release(&errors);
}

static void broken_syntax_ends_the_reading_but_not_what_came_before(void **state) {
    (void)state;
    struct config *c = NULL;
    struct buf errors = {0};
    assert_int_equal(config_parse(&c, "t", TEXT("budget: {rate: 7}\nservice: {name: a"), &errors),
                     ERR_CONFIG);
    assert_non_null(strstr(buf_string(&errors), "t:1:16: budget.rate: \"7\" is out of range"));
    assert_non_null(strstr(errors.at, "not YAML"));
    assert_null(strstr(errors.at, "is missing"));
    assert_int_equal(lines(&errors), 2);
    buf_release(&errors);
}

static void nesting_is_bounded(void **state) {
    (void)state;
    struct config *c = NULL;
    struct buf errors = {0}, yaml = {0};
    buf_str(&yaml, "a: [[[[[[[1]]]]]]]\nb: [[[[[[[[1]]]]]]]]\n*x");
    assert_int_equal(config_parse(&c, "t", buf_view(&yaml), &errors), ERR_CONFIG);
    assert_string_equal(buf_string(&errors),
                        "t:1:1: a: unknown section\nt:2:1: b: unknown section\n"
                        "t:2:11: nested deeper than 8\n");
    buf_reset(&yaml);
    buf_reset(&errors);
    for (int i = 0; i < 1 << 20; i++) buf_str(&yaml, "[");
    assert_int_equal(config_parse(&c, "t", buf_view(&yaml), &errors), ERR_CONFIG);
    assert_non_null(strstr(buf_string(&errors), "t:1:9: nested deeper than 8\n"));
    buf_release(&errors);
    buf_release(&yaml);
}

/* Repeated keys are searched for one by one, so a map has a bound. */
static void maps_are_bounded(void **state) {
    (void)state;
    struct config *c = NULL;
    struct buf errors = {0}, yaml = {0};
    buf_str(&yaml, M F "kafka:\n  common:\n");
    for (int i = 0; i < 1000; i++) buf_printf(&yaml, "    k%d: v\n", i);
    assert_int_equal(config_parse(&c, "t", buf_view(&yaml), &errors), 0);
    assert_int_equal(c->kafka.common.n, 1000);
    config_destroy(c);
    buf_str(&yaml, "    more: v\n");
    assert_int_equal(config_parse(&c, "t", buf_view(&yaml), &errors), ERR_CONFIG);
    assert_string_equal(buf_string(&errors), "t:1005:5: more than 1000 keys in one map\n");
    buf_release(&errors);
    buf_release(&yaml);
}

static void messages_are_bounded_and_of_one_line(void **state) {
    (void)state;
    struct config *c = NULL;
    struct buf errors = {0}, yaml = {0};
    buf_str(&yaml, M F "route: {fields: [");
    for (int i = 0; i < 999; i++) buf_str(&yaml, "\"a\\nb\", ");
    buf_str(&yaml, "]}\nreplay: {switches: [");
    for (int i = 0; i < 500; i++)
        buf_str(&yaml, "012345678901234567890123456789012345678901234567890123456789012345678901234"
                       "5678901234, ");
    buf_str(&yaml, "]}\n");
    assert_int_equal(config_parse(&c, "t", buf_view(&yaml), &errors), ERR_CONFIG);
    assert_int_equal(lines(&errors), 1001);
    assert_non_null(strstr(buf_string(&errors), "t:1:1: and 499 more\n"));
    assert_non_null(strstr(errors.at, "56789\"... is not"));
    buf_release(&errors);
    buf_release(&yaml);
}

static void too_large_a_file_is_refused(void **state) {
    (void)state;
    struct config *c = NULL;
    struct buf errors = {0}, yaml = {0};
    buf_str(&yaml, M F);
    while (yaml.len < 1 << 20) buf_str(&yaml, "#");
    assert_int_equal(config_parse(&c, "t", buf_view(&yaml), &errors), 0);
    config_destroy(c);
    buf_str(&yaml, "#");
    assert_int_equal(config_parse(&c, "t", buf_view(&yaml), &errors), ERR_CONFIG);
    assert_string_equal(buf_string(&errors), "t:1:1: the file is larger than 1 MiB\n");
    buf_reset(&errors);
    assert_int_equal(config_load(&c, "/dev/zero", &errors), ERR_CONFIG);
    assert_string_equal(buf_string(&errors), "/dev/zero:1:1: the file is larger than 1 MiB\n");
    buf_release(&errors);
    buf_release(&yaml);
}

static void a_file_that_cannot_be_read_is_an_error(void **state) {
    (void)state;
    struct config *c = (void *)1;
    struct buf errors = {0};
    assert_int_equal(config_load(&c, "/nonexistent/x.yaml", &errors), ERR_CONFIG);
    assert_null(c);
    assert_string_equal(
        buf_string(&errors),
        "/nonexistent/x.yaml:1:1: the file cannot be read: No such file or directory "
        "(/usr/share/doc/winnowd/examples has some to begin with)\n");
    buf_reset(&errors);
    assert_int_equal(config_load(&c, "/", &errors), ERR_CONFIG);
    assert_string_equal(buf_string(&errors), "/:1:1: the file cannot be read: Is a directory\n");
    buf_release(&errors);
}

static void environment_gives_instance_and_state_directory(void **state) {
    (void)state;
    char host[256] = {0};
    assert_int_equal(gethostname(host, sizeof host - 1), 0);
    unsetenv("WINNOWD_UNIT_INSTANCE");
    struct config *c = parsed(M F);
    assert_string_equal(c->service.instance, host);
    assert_string_equal(c->service.state_dir, "/var/lib/winnowd");
    config_destroy(c);
    setenv("WINNOWD_UNIT_INSTANCE", "b2", 1);
    setenv("STATE_DIRECTORY", "/var/lib/w1:/var/lib/w2", 1);
    c = parsed(M F);
    assert_int_equal(strncmp(c->service.instance, host, strlen(host)), 0);
    assert_string_equal(c->service.instance + strlen(host), "-b2");
    assert_string_equal(c->service.state_dir, "/var/lib/w1");
    assert_string_equal(c->source[OPTION_service_instance].text, "environment");
    assert_string_equal(c->source[OPTION_service_state_dir].text, "environment");
    config_destroy(c);
    c = parsed(M F "service:\n  instance: i\n  state_dir: /s\n");
    assert_string_equal(c->service.instance, "i");
    assert_string_equal(c->service.state_dir, "/s");
    assert_string_equal(c->source[OPTION_service_state_dir].text, "t:5");
    config_destroy(c);
    setenv("WINNOWD_UNIT_INSTANCE", "a/b", 1);
    struct buf errors = {0};
    assert_int_equal(config_parse(&c, "t", TEXT(M F), &errors), ERR_CONFIG);
    assert_non_null(strstr(buf_string(&errors), "t:1:1: service.instance: "));
    unsetenv("WINNOWD_UNIT_INSTANCE");
    unsetenv("STATE_DIRECTORY");
    buf_release(&errors);
}

static void expect_round_trip(struct config *c) {
    struct buf printed = {0};
    config_print(c, &printed);
    struct config *again = parsed(buf_string(&printed));
    expect_same(c, again);
    buf_release(&printed);
    config_destroy(again);
    config_destroy(c);
}

static void printing_reads_back_to_the_same(void **state) {
    (void)state;
    expect_round_trip(parsed(M F));
    char *fraud = example_text("config/fraud.yaml");
    expect_round_trip(parsed(fraud));
    free(fraud);
    expect_round_trip(
        parsed("model: {classes: [\"q\\\"uote\", 'back\\slash', \"\\u2028\\u0085\\uFEFF\", "
               "\"\xC3\xA9\", '# no', 'a: b', 'null', 1e5]}\n"
               "features: [{name: \"n\\\"\", type: category, values: [\"tab\\t\", \"\\n\", '', ' "
               "', \"\\x7f\", \"\\U0001F600\"]}]\n"
               "budget: {rate: 0.1234567890123456789}\nkafka: {common: {k.x-Y_0: "
               "\"a\\nb\"}}\nroute: {interval: 1001ms, expiry: 90000s}\n"));
}

static void printing_tells_sources(void **state) {
    (void)state;
    struct config *c = NULL;
    struct buf errors = {0}, printed = {0};
    assert_int_equal(
        config_parse(&c, "a\nb.yaml",
                     TEXT(M "features:\n  - name: x\n    clip: [0, 1]\nbudget:\n  rate: 0.5\n"),
                     &errors),
        0);
    config_print(c, &printed);
    const char *text = buf_string(&printed);
    assert_non_null(strstr(text, "\n  rate: 0.5  # a?b.yaml:6\n"));
    assert_non_null(strstr(text, "\n  burst: 10  # default\n"));
    assert_non_null(strstr(text, "\n    clip: [0, 1]  # a?b.yaml:4\n"));
    assert_non_null(strstr(text, "\n    path: \"/x\"  # default\n"));
    assert_non_null(strstr(text, "\n  interval: 5s  # default\n"));
    for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
        const char *end = strchr(line, '\n');
        if (end[-1] != ':') assert_non_null(memmem(line, (size_t)(end - line), "  # ", 4));
    }
    buf_release(&printed);
    config_destroy(c);
}

static void diff_tells_what_changed_and_what_needs_a_restart(void **state) {
    (void)state;
    struct config *a = parsed(M F);
    struct config *b =
        parsed("model: {classes: [a, b, c]}\nfeatures: [{name: x, missing: true}]\n"
               "budget: {rate: 0.5, upfront: 3}\nquery: {measure: mix, mix: {risk: 1}}\n"
               "kafka: {common: {a: b}}\nwatch: {log_level: debug}\n");
    struct buf changed = {0}, restart = {0};
    config_diff(a, b, &changed, &restart);
    assert_string_equal(
        buf_string(&changed),
        "kafka.common,model.classes,model.positive,query.measure,query.mix,budget.rate,"
        "budget.upfront,watch.log_level,features");
    assert_string_equal(buf_string(&restart),
                        "kafka.common,model.classes,model.positive,budget.upfront,features");
    buf_release(&changed);
    buf_release(&restart);
    config_destroy(a);
    config_destroy(b);
}

/* Keyed mutations of the examples: nothing crashes, and what does not load says why. */
static void mutants_load_or_tell_why(void **state) {
    (void)state;
    static const char spice[] = "\n :-[]{}&*!|>'\"%@`#,?~\t\x01\x80\xFF"
                                "09azAZ._/<\\";
    char *fraud = example_text("config/fraud.yaml"), *template = file_text("config/winnowd.yaml");
    size_t loaded = 0, refused = 0;
    for (uint64_t i = 0; i < 400; i++) {
        struct rng rng = {.seed = rng_keyed(RNG_TEST, 1, i, 0, 0)};
        struct buf yaml = {0}, errors = {0};
        buf_str(&yaml, i % 4 ? fraud : template);
        for (uint64_t edits = 1 + rng_below(rng_next(&rng), 6); edits--;) {
            size_t at = rng_below(rng_next(&rng), yaml.len),
                   n = rng_below(rng_next(&rng), yaml.len - at);
            if (n > 200) n = 200;
            char c = spice[rng_below(rng_next(&rng), sizeof spice - 1)];
            uint64_t kind = rng_below(rng_next(&rng), 4);
            if (kind == 0) yaml.at[at] = c;
            else if (kind == 1) memmove(yaml.at + at, yaml.at + at + n, (yaml.len -= n) - at);
            else if (kind == 2)
                memmove(yaml.at + rng_below(rng_next(&rng), yaml.len - n), yaml.at + at, n);
            else yaml.at[at] ^= (char)(1 << rng_below(rng_next(&rng), 8));
        }
        struct config *c = NULL;
        int result = config_parse(&c, "mutant", buf_view(&yaml), &errors);
        assert_true(result == 0 ? c && !errors.len
                                : result == ERR_CONFIG && !c && lines(&errors) > 0);
        *(result ? &refused : &loaded) += 1;
        if (c) expect_round_trip(c);
        buf_release(&yaml);
        buf_release(&errors);
    }
    assert_true(loaded > 10 && refused > 100);
    free(fraud);
    free(template);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_fill_what_the_file_leaves_out),
        cmocka_unit_test(enums_follow_the_choices),
        cmocka_unit_test(forms_that_are_right),
        cmocka_unit_test(units_are_read),
        cmocka_unit_test(wrong_files_are_refused_with_one_message),
        cmocka_unit_test(every_error_is_told_at_once_in_order),
        cmocka_unit_test(broken_syntax_ends_the_reading_but_not_what_came_before),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(maps_are_bounded),
        cmocka_unit_test(messages_are_bounded_and_of_one_line),
        cmocka_unit_test(too_large_a_file_is_refused),
        cmocka_unit_test(a_file_that_cannot_be_read_is_an_error),
        cmocka_unit_test(environment_gives_instance_and_state_directory),
        cmocka_unit_test(printing_reads_back_to_the_same),
        cmocka_unit_test(printing_tells_sources),
        cmocka_unit_test(diff_tells_what_changed_and_what_needs_a_restart),
        cmocka_unit_test(mutants_load_or_tell_why),
    };
    unsetenv("STATE_DIRECTORY");
    unsetenv("WINNOWD_UNIT_INSTANCE");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
