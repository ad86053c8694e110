/* Runs a fuzz target without a fuzzer: first its whole corpus, then inputs mutated from it, for
 * some seconds.
 *
 *   fuzz-NAME CORPUS-DIRECTORY [SECONDS [SEED]]
 *
 * So every build with any compiler replays what a fuzzer once found, and looks a little further.
 * Mutation n depends on seed and n alone. Whatever ends the process, the guilty input is left
 * behind as fuzz-crash.bin. Thread: main thread */
#include "base/buf.h"
#include "base/error.h"
#include "base/rng.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

enum { FILES_MAX = 4096, INPUT_MAX = 1 << 16, CHANGES_MAX = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

struct corpus {
    struct buf file[FILES_MAX];
    size_t n;
};

static struct buf input;

static void leave_behind(void) {
    int fd = open("fuzz-crash.bin", O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0 || write(fd, input.at ? input.at : "", input.len) < 0) return;
    close(fd);
    static const char said[] = "the guilty input is in fuzz-crash.bin\n";
    if (write(STDERR_FILENO, said, sizeof said - 1) < 0) return;
}

static void on_signal(int number) {
    leave_behind();
    signal(number, SIG_DFL);
    raise(number);
}

/* Each input in a block of its own size, so that a sanitizer sees the first byte read beyond it. */
static void try_input(void) {
    uint8_t *exact = xmalloc(input.len ? input.len : 1);
    if (input.len) memcpy(exact, input.at, input.len);
    LLVMFuzzerTestOneInput(exact, input.len);
    free(exact);
}

static void read_file(struct corpus *c, const char *directory, const char *name) {
    char *path = xasprintf("%s/%s", directory, name);
    FILE *f = fopen(path, "rb");
    CHECK(f && c->n < FILES_MAX);
    char block[4096];
    for (size_t n; (n = fread(block, 1, sizeof block, f)) > 0;) buf_add(&c->file[c->n], block, n);
    c->n++;
    fclose(f);
    free(path);
}

static int by_name(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void read_corpus(struct corpus *c, const char *directory) {
    struct dirent **entry;
    int n = scandir(directory, &entry, NULL, by_name); // a stable order: mutations repeat
    if (n < 0) {
        fprintf(stderr, "cannot read the corpus %s\n", directory);
        exit(66);
    }
    for (int i = 0; i < n; i++) {
        if (entry[i]->d_name[0] != '.') read_file(c, directory, entry[i]->d_name);
        free(entry[i]);
    }
    free(entry);
    if (c->n == 0) {
        fprintf(stderr, "the corpus %s is empty\n", directory);
        exit(66);
    }
}

static size_t pick(struct rng *r, size_t n) { return (size_t)rng_below(rng_next(r), n); }

/* Puts n bytes of `with` in place of `cut` bytes at `at`. */
static void replace(size_t at, size_t cut, const char *with, size_t n) {
    struct buf out = {0};
    const char *old = input.at ? input.at : "";
    buf_add(&out, old, at);
    buf_add(&out, with, n);
    buf_add(&out, old + at + cut, input.len - at - cut);
    buf_release(&input);
    input = out;
}

/* What breaks readers: ends of ranges, structure, encodings. */
static const char *const words[] = {"0",
                                    "-1",
                                    "1e999",
                                    "-0",
                                    "18446744073709551616",
                                    "null",
                                    "true",
                                    "\"",
                                    "\\",
                                    "\\u0000",
                                    "\\ud800",
                                    "{",
                                    "}",
                                    "[",
                                    "]",
                                    ",",
                                    ":",
                                    "\n",
                                    " ",
                                    "\xff",
                                    "\xc0\x80",
                                    "\xed\xa0\x80",
                                    "\xf4\x90\x80\x80",
                                    "- ",
                                    "#",
                                    "&a",
                                    "*a",
                                    "|",
                                    "NaN",
                                    "0.1",
                                    "9007199254740993"};

static void change(const struct corpus *c, struct rng *r) {
    size_t at = pick(r, input.len + 1), room = input.len - at;
    size_t span = room ? 1 + pick(r, room < 16 ? room : 16) : 0;
    const char *word = words[pick(r, sizeof words / sizeof *words)];
    const struct buf *other = &c->file[pick(r, c->n)];
    size_t from = pick(r, other->len + 1);
    char byte = (char)rng_next(r);
    switch (pick(r, 6)) {
    case 0: replace(at, span ? 1 : 0, &byte, 1); break;
    case 1: replace(at, span, NULL, 0); break;
    case 2: replace(at, pick(r, 2) ? span : 0, word, strlen(word)); break;
    case 3:
        replace(at, span, other->at + from, other->len - from < 64 ? other->len - from : 64);
        break;
    case 4: replace(at, room, other->at + from, other->len - from); break;
    default:
        if (span) input.at[at] = (char)(input.at[at] ^ 1 << pick(r, 8));
    }
}

static void mutate(const struct corpus *c, uint64_t seed, uint64_t n) {
    struct rng r = {.seed = rng_keyed(RNG_TEST, seed, n, 0, 0)};
    const struct buf *from = &c->file[pick(&r, c->n)];
    buf_reset(&input);
    buf_add(&input, from->at, from->len);
    for (size_t changes = 1 + pick(&r, CHANGES_MAX); changes > 0; changes--) change(c, &r);
    if (input.len > INPUT_MAX) input.len = INPUT_MAX;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: %s CORPUS-DIRECTORY [SECONDS [SEED]]\n", argv[0]);
        return 64;
    }
    static struct corpus corpus;
    time_t until = time(NULL) + (argc > 2 ? atoi(argv[2]) : 0);
    uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 10) : 1, n = 0;
    const int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) signal(signals[i], on_signal);
    if (__sanitizer_set_death_callback) __sanitizer_set_death_callback(leave_behind);
    read_corpus(&corpus, argv[1]);
    for (size_t i = 0; i < corpus.n; i++) {
        buf_reset(&input);
        buf_add(&input, corpus.file[i].at, corpus.file[i].len);
        try_input();
    }
    for (; time(NULL) < until; n++) {
        mutate(&corpus, seed, n);
        try_input();
    }
    for (size_t i = 0; i < corpus.n; i++) buf_release(&corpus.file[i]);
    buf_release(&input);
    printf("%zu inputs of the corpus, %llu mutations, seed %llu\n", corpus.n, (unsigned long long)n,
           (unsigned long long)seed);
    return 0;
}
