/* Accept-Encoding, line by line: weights stay in range, and nobody gets a coding that he refuses.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/encoding.h"

#define REFUSED 1
#define FULL 1001

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check(const struct sl_encodings *encodings)
{
    const int weights[] = {encodings->gzip, encodings->zstd, encodings->identity,
                           encodings->others};
    bool gzip = encodings->gzip > REFUSED || (encodings->gzip == 0 && encodings->others > REFUSED);
    bool zstd = encodings->zstd > REFUSED; /* never for "*" */

    for (size_t i = 0; i < sizeof(weights) / sizeof(weights[0]); i++)
        require(weights[i] >= 0 && weights[i] <= FULL);
    switch (sl_encodings_choose(encodings)) {
    case SL_GZIP:
        require(gzip);
        break;
    case SL_ZSTD:
        require(zstd);
        break;
    case SL_PLAIN:
        require((!gzip && !zstd) || encodings->identity > REFUSED);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sl_encodings encodings = {0};
    char *text = malloc(size + 1);

    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    for (char *line = text; line <= text + size; line += strlen(line) + 1) {
        line[strcspn(line, "\n")] = '\0';
        sl_encodings_add(&encodings, line);
        check(&encodings);
    }
    free(text);
    return 0;
}
