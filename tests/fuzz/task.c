/* libFuzzer target: any bytes are refused, or read to a task that, written, reads back to the same
 * record.
 *
 * clang -fsanitize=fuzzer,address,undefined ... tests/fuzz/task.c */
#include "route/task.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct task_style style = {"label", "event"};
    struct task t, again;
    struct arena arena = {0};
    struct buf first = {0}, second = {0};
    const char *why;
    if (task_read(&t, (struct text){(const char *)data, size}, &arena, &why) == 0) {
        task_write(&t, &style, &first);
        CHECK(task_read(&again, buf_view(&first), &arena, &why) == 0);
        task_write(&again, &style, &second);
        CHECK(text_equal(buf_view(&first), buf_view(&second)));
    } else {
        CHECK(why);
    }
    arena_release(&arena);
    buf_release(&first);
    buf_release(&second);
    return 0;
}
