#include "export/receipt.h"

#include "base/json.h"

const char *sl_run_state_name(enum sl_run_state state)
{
    static const char *const names[] = {"queued", "running", "complete", "failed", "cancelled"};

    return names[state];
}

static int text_or_null(struct sl_buf *out, const char *name, const char *text)
{
    return sl_json_member(out, name, text[0] == '\0' ? NULL : text);
}

static int error_member(const struct sl_receipt *receipt, struct sl_buf *out)
{
    if (receipt->kind == SL_NONE)
        return sl_json_member(out, "error", NULL);
    if (sl_json_name(out, "error") < 0 || sl_buf_putc(out, '{') < 0 ||
        sl_json_member(out, "kind", sl_kind_name(receipt->kind)) < 0 ||
        sl_json_member(out, "detail", receipt->detail) < 0 ||
        text_or_null(out, "sqlstate", receipt->sqlstate) < 0)
        return -1;
    return sl_buf_putc(out, '}');
}

/* A number that is never negative where it is known. */
static int number_or_null(struct sl_buf *out, const char *name, int64_t number)
{
    if (number < 0)
        return sl_json_member(out, name, NULL);
    return sl_json_member_int(out, name, number);
}

/* The object without its end. */
static int members(const struct sl_receipt *receipt, struct sl_buf *out)
{
    if (sl_buf_putc(out, '{') < 0 || sl_json_member(out, "id", receipt->id) < 0 ||
        sl_json_member(out, "export", receipt->export) < 0 ||
        sl_json_member(out, "state", sl_run_state_name(receipt->state)) < 0 ||
        sl_json_member_int(out, "rows", receipt->rows) < 0 ||
        sl_json_member_int(out, "bytes", receipt->bytes) < 0 ||
        text_or_null(out, "sha256", receipt->sha256) < 0 ||
        sl_json_member_int(out, "bytes_sent", receipt->bytes_sent) < 0 ||
        number_or_null(out, "estimated_rows", receipt->estimated_rows) < 0 ||
        text_or_null(out, "snapshot_at", receipt->snapshot_at) < 0 ||
        text_or_null(out, "started_at", receipt->started_at) < 0 ||
        text_or_null(out, "finished_at", receipt->finished_at) < 0 ||
        sl_json_member_int(out, "peak_memory", receipt->peak_memory) < 0 ||
        error_member(receipt, out) < 0)
        return -1;
    return 0;
}

int sl_receipt_json(const struct sl_receipt *receipt, struct sl_buf *out)
{
    return members(receipt, out) < 0 ? -1 : sl_buf_putc(out, '}');
}

int sl_receipt_json_full(const struct sl_receipt *receipt, struct sl_buf *out)
{
    if (members(receipt, out) < 0 || sl_json_member(out, "who", receipt->owner) < 0 ||
        sl_json_member(out, "peer", receipt->peer) < 0 ||
        sl_json_member_int(out, "elapsed_ms", receipt->total_ms) < 0 ||
        number_or_null(out, "snapshot_held_ms", receipt->held_ms) < 0)
        return -1;
    return sl_buf_putc(out, '}');
}
