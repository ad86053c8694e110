/* cmocka with what it wants included before it. Thread: any thread */
#pragma once

/* clang-format off: cmocka.h wants these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
/* clang-format on */
