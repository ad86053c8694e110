/* Reading a page of the label store's file that the system cannot give: the file was cut, or the
 * disk reports an error. LMDB reads by memory, so that is a signal (SIGBUS) and no error code, and
 * the signal would end the process, scoring and all.
 *
 * The handler puts an empty leaf page of LMDB's in the place of the one that is not there, and
 * notes it. So whatever was being read comes to its end, with a record that is not there or is
 * refused; from then on each answer of the store is ERR_CORRUPT (store_error), nothing is
 * committed, and the store is closed and set aside as any damaged one. A fault elsewhere ends the
 * process as ever.
 *
 * A page whose bytes are wrong is another matter: LMDB believes it, and may have written over our
 * memory before anything is seen. That ends the process, once: the next start looks at all pages.
 *
 * Thread: learner thread; the handler runs on it */
#include "store_tables.h"

#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum {
    LEAF = 2,           // flags of a page
    FLAGS_AT = 10,      // two bytes each
    LOWER_AT = 12,      // no node yet
    UPPER_AT = 14,      // all is free
    PAGE_HEAD = 16,     // bytes
    META_PAGES = 2,     // the first ones, with the roots of two trees each
    ROOT_AT = 80,       // of the first one, in either
    ROOT_NEXT = 48,     // from one to the other
    ROOT = 8,           // bytes; all ones: the tree is empty
    MAPS_LINE_MAX = 512 // of /proc/self/maps, but for the path
};

static _Atomic uintptr_t guard_from, guard_to; // the map; one store is open at a time
static _Atomic size_t guard_page;
static _Atomic bool guard_hit;

static void guard_put(unsigned char *at, size_t value) {
    at[0] = (unsigned char)value;
    at[1] = (unsigned char)(value >> 8);
}

/* An empty leaf; where LMDB looks for the roots, no tree. */
static void guard_fill(unsigned char *at, size_t bytes, bool meta) {
    guard_put(at + FLAGS_AT, LEAF);
    guard_put(at + LOWER_AT, PAGE_HEAD);
    guard_put(at + UPPER_AT, bytes);
    for (size_t i = 0; meta && i < ROOT; i++)
        at[ROOT_AT + i] = at[ROOT_AT + ROOT_NEXT + i] = UINT8_MAX;
}

static void guard_signal(int number, siginfo_t *info, void *context) {
    (void)context;
    uintptr_t at = (uintptr_t)info->si_addr;
    size_t page = atomic_load(&guard_page);
    unsigned char *there = MAP_FAILED;
    if (at >= atomic_load(&guard_from) && at < atomic_load(&guard_to))
        there = mmap((void *)(at - at % page), page, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (there == MAP_FAILED) {
        signal(number, SIG_DFL); // the same access faults again
        return;
    }
    guard_fill(there, page, (at - atomic_load(&guard_from)) / page < META_PAGES);
    atomic_store(&guard_hit, true);
}

/* Where LMDB has mapped the file: it does not tell. False: nowhere. */
static bool guard_find(int fd, uintptr_t *from, uintptr_t *to) {
    struct stat file;
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[MAPS_LINE_MAX];
    bool found = false;
    if (!maps || fstat(fd, &file)) {
        if (maps) fclose(maps);
        return false;
    }
    while (!found && fgets(line, sizeof line, maps)) {
        unsigned device[2];
        unsigned long inode;
        found = sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %*s %*x %x:%x %lu", from, to, &device[0],
                       &device[1], &inode) == 5 &&
                inode == file.st_ino && device[0] == major(file.st_dev) &&
                device[1] == minor(file.st_dev);
    }
    fclose(maps);
    return found;
}

void store_guard_begin(MDB_env *env) {
    uintptr_t from, to;
    mdb_filehandle_t fd;
    store_guard_end();
    if (mdb_env_get_fd(env, &fd) || !guard_find(fd, &from, &to)) return;
    struct sigaction action = {.sa_sigaction = guard_signal, .sa_flags = SA_SIGINFO};
    sigemptyset(&action.sa_mask);
    atomic_store(&guard_page, (size_t)sysconf(_SC_PAGESIZE));
    atomic_store(&guard_from, from);
    atomic_store(&guard_to, to);
    if (sigaction(SIGBUS, &action, NULL)) store_guard_end();
}

void store_guard_end(void) {
    atomic_store(&guard_to, 0);
    atomic_store(&guard_from, 0);
    atomic_store(&guard_hit, false);
}

bool store_guard_hit(void) { return atomic_load(&guard_hit); }
