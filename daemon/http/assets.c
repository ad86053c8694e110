/* Files put into the binary by the assembler: byte for byte, at no cost in compile time, and no
 * generator to maintain. CMakeLists.txt says where they are and that this file depends on them.
 *
 * Thread: any thread */
#include "http/assets.h"

#define ASSET(name, file)                                                                          \
    __asm__(".pushsection .rodata\n"                                                               \
            ".balign 16\n"                                                                         \
            ".local asset_" #name "_from, asset_" #name "_to\n"                                    \
            "asset_" #name "_from:\n"                                                              \
            ".incbin \"" file "\"\n"                                                               \
            "asset_" #name "_to:\n"                                                                \
            ".byte 0\n"                                                                            \
            ".popsection\n");                                                                      \
    extern const char asset_##name##_from[] __attribute__((visibility("hidden")));                 \
    extern const char asset_##name##_to[] __attribute__((visibility("hidden")));                   \
    struct text asset_##name(void) {                                                               \
        return (struct text){asset_##name##_from,                                                  \
                             (size_t)(asset_##name##_to - asset_##name##_from)};                   \
    }

ASSET(page, ASSET_DIR "/index.html")
ASSET(style, ASSET_DIR "/dashboard.css")
ASSET(script, ASSET_DIR "/dashboard.js")
ASSET(chart, ASSET_CHART)
ASSET(icon, ASSET_DIR "/icon.svg")
ASSET(label_page, ASSET_DIR "/label.html")
ASSET(label_style, ASSET_DIR "/label.css")
ASSET(label_script, ASSET_DIR "/label.js")
