/* The identity of this process: its name on the machine, and the lock that keeps a second process
 * from taking it.
 *
 * Thread: main thread */
#include "instance.h"

#include "base/lock_file.h"
#include "base/log.h"

char *instance_of(const struct config *c) {
    return xasprintf("%s-%s", c->service.name, c->service.instance);
}

int instance_lock(const struct config *c) {
    char *name = instance_of(c);
    int result = lock_file_take(c->service.state_dir, name);
    if (result == ERR_FENCED)
        LOG(ERROR, "instance_taken",
            "another process runs as this instance here; give each its own service.instance",
            L_STR("instance", name));
    else if (result < 0)
        LOG(ERROR, "state_dir_unusable",
            "cannot write the instance lock; is service.state_dir there and ours?",
            L_STR("dir", c->service.state_dir));
    free(name);
    return result;
}
