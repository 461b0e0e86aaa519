/* The request target: whatever is accepted must hold what target.h promises. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/units.h"
#include "http/disposition.h"
#include "http/fields.h"
#include "http/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_text(const char *text, size_t longest)
{
    size_t len = strlen(text);

    require(len <= longest);
    require(sl_utf8_valid(text, len));
}

/* The name goes where a file name of a caller goes: into a header. */
static void check_disposition(const char *name)
{
    struct sl_buf out;

    sl_buf_init(&out, 4096);
    require(sl_disposition(name, &out) == 0);
    for (size_t i = 0; i < out.len; i++)
        require(out.data[i] >= ' ' && out.data[i] < 0x7f);
    sl_buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sl_target target;
    struct sl_error err;

    if (sl_target_parse(&target, (const char *)data, size, &err) == 0) {
        require(size <= SL_TARGET_MAX);
        require(target.n_segments >= 1 && target.n_segments <= SL_TARGET_SEGMENTS);
        require(target.args.n <= SL_MAX_ARGS);
        for (size_t i = 0; i < target.n_segments; i++)
            check_text(target.segments[i], size);
        for (size_t i = 0; i < target.args.n; i++) {
            require(target.args.v[i].name[0] != '\0');
            check_text(target.args.v[i].name, size);
            check_text(target.args.v[i].value, size);
            check_disposition(target.args.v[i].value);
            (void)sl_field_host_local(target.args.v[i].value, target.args.v[i].name);
        }
    } else {
        require(err.kind == SL_BAD_REQUEST || err.kind == SL_NOT_FOUND);
    }
    sl_target_fini(&target);
    return 0;
}
