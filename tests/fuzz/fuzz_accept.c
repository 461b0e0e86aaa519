/* Accept, line by line: weights stay in range, and the format is one that the client wants most. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/accept.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check(const struct sl_accept *accept)
{
    static const char *const types[] = {"text/csv", "text/tab-separated-values",
                                        "application/jsonl"};
    static const char *const names[] = {"csv", "tsv", "jsonl"};
    const char *format = sl_accept_format(accept)->name;
    int weights[3];

    for (int i = 0; i < 3; i++) {
        weights[i] = sl_accept_weight(accept, types[i]);
        require(weights[i] >= 0 && weights[i] <= 1000);
    }
    for (int i = 0; i < 3; i++)
        for (int j = 0; strcmp(format, names[i]) == 0 && j < 3; j++)
            /* jsonl has a second type, which may weigh more. */
            require(i == 2 || weights[i] >= weights[j]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sl_accept accept = {.n = 0};
    char *text = malloc(size + 1);

    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    for (char *line = text; line <= text + size; line += strlen(line) + 1) {
        line[strcspn(line, "\n")] = '\0';
        sl_accept_add(&accept, line);
        check(&accept);
    }
    free(text);
    return 0;
}
