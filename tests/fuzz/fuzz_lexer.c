/*
 * The lexer on any bytes.  What it accepts must be one query for its own eyes,
 * too: read again without parameters, the output of a text without parameters
 * is itself; and a declared name may only change what is between its
 * parameters.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "catalog/lexer.h"

/* As much as an export's query may become. */
#define MAX_OUT ((size_t)8 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int truth)
{
    if (!truth)
        abort();
}

/* Reads sql into out, which is fresh. An error must have its kind and place. */
static int lex(const char *sql, size_t len, const struct sl_lex_param *params, size_t n, bool *used,
               struct sl_buf *out)
{
    struct sl_error err;
    int result;

    sl_buf_init(out, MAX_OUT);
    result = sl_lex_query("f", 1, sql, len, params, n, used, out, &err);
    require(result == 0 || (err.kind == SL_CONFIG && strncmp(err.message, "f:", 2) == 0));
    require(result != 0 || (out->len > 0 && strlen(out->data) == out->len));
    return result;
}

/* The output of a text without variables is a fixed point. */
static void check_plain(const char *sql, size_t len)
{
    struct sl_buf once;
    struct sl_buf twice;

    if (lex(sql, len, NULL, 0, NULL, &once) == 0) {
        require(lex(once.data, once.len, NULL, 0, NULL, &twice) == 0);
        require(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
        sl_buf_free(&twice);
    }
    sl_buf_free(&once);
}

/* Where a parameter stands does not depend on its type: outputs differ by the types only. */
static void check_params(const char *sql, size_t len)
{
    static const struct sl_lex_param shorter[] = {{"a", "t"}, {"p", "t"}};
    static const struct sl_lex_param longer[] = {{"a", "tt"}, {"p", "tt"}};
    bool used[2];
    bool used_again[2];
    struct sl_buf one;
    struct sl_buf two;
    size_t i = 0;
    size_t j = 0;

    if (lex(sql, len, shorter, 2, used, &one) == 0) {
        require(lex(sql, len, longer, 2, used_again, &two) == 0);
        require(memcmp(used, used_again, sizeof(used)) == 0);
        require(two.len - one.len == 0 || used[0] || used[1]);
        for (; i < one.len; i++, j++) {
            require(j < two.len && one.data[i] == two.data[j]);
            j += i > 0 && two.len > one.len && strncmp(one.data + i - 1, ":t)", 3) == 0 &&
                 strncmp(two.data + j - 1, ":tt)", 4) == 0;
        }
        require(j == two.len);
        sl_buf_free(&two);
    }
    sl_buf_free(&one);
}

/* The same for SQL of a caller, where nothing is a variable. */
static void check_foreign(const char *sql, size_t len)
{
    struct sl_error err;
    struct sl_buf once;
    struct sl_buf twice;

    sl_buf_init(&once, MAX_OUT);
    sl_buf_init(&twice, MAX_OUT);
    if (sl_lex_foreign(sql, len, &once, &err) == 0) {
        require(once.len > 0 && once.len <= len);
        require(sl_lex_foreign(once.data, once.len, &twice, &err) == 0);
        require(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
    } else {
        require(err.kind == SL_BAD_QUERY);
    }
    sl_buf_free(&once);
    sl_buf_free(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *sql = (const char *)data;

    if (size > 0) {
        check_plain(sql, size);
        check_params(sql, size);
        check_foreign(sql, size);
    }
    return 0;
}
