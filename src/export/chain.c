/* The stages between a run's rows and where they go. */
#include "export/internal.h"

static int64_t max_bytes(const struct sl_run *run)
{
    int64_t of_export = run->query.export->max_bytes;

    return of_export > 0 ? of_export : run->setup->config->limits.max_bytes;
}

static int add_digest(struct sl_run *run, struct sl_error *err)
{
    run->digest = sl_digest_new(run->sink, &run->bytes, max_bytes(run), err);
    if (run->digest == NULL)
        return -1;
    run->sink = sl_digest_sink(run->digest);
    return 0;
}

static int add_compression(struct sl_run *run, enum sl_compression kind, struct sl_error *err)
{
    if (kind == SL_PLAIN)
        return 0;
    run->compress = sl_compress_new(kind, run->sink, err);
    if (run->compress == NULL)
        return -1;
    run->sink = run->compress;
    return 0;
}

static int add_encoding(struct sl_run *run, struct sl_error *err)
{
    if (run->query.encoding[0] == '\0')
        return 0;
    run->encode = sl_encode_new(run->query.encoding, run->sink, err);
    if (run->encode == NULL)
        return -1;
    run->sink = run->encode;
    return 0;
}

int sl_run_chain(struct sl_run *run, struct sl_sink *last, enum sl_compression encoding,
                 struct sl_error *err)
{
    enum sl_compression of_file = run->query.format->compression;

    run->sink = last;
    if (of_file == SL_PLAIN && add_compression(run, encoding, err) < 0)
        return -1;
    if (add_digest(run, err) < 0 || add_compression(run, of_file, err) < 0)
        return -1;
    return add_encoding(run, err);
}
