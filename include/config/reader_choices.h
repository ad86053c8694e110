/* The readers that a decoder can have, by name, in the order of the option's choices. Thread: any
 * thread */
#pragma once

#define DECODER_CHOICES "auto|portable|avx2|cjson"
enum decoder_kind { DECODER_AUTO, DECODER_PORTABLE, DECODER_AVX2, DECODER_CJSON };
