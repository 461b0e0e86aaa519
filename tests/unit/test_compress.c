/* What was compressed is what was written; what was cut off does not pass for whole. */
#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/limits.h"
#include "sink/codec.h"
#include "sink/compress.h"

#define MAX ((size_t)4 << 20)

/* The stage after it: memory, in windows of one size. */
struct memory {
    struct sl_sink base;
    size_t window;
    size_t room;
    size_t n;
    int writes;
    int flushed;
    int ended;
    int aborted;
    bool fail;
    char bytes[MAX];
};

static int memory_buffer(struct sl_sink *sink, char **data, size_t *size, struct sl_error *err)
{
    struct memory *memory = (struct memory *)sink;

    if (memory->fail)
        return sl_error_set(err, SL_OUTPUT_WRITE, "no window");
    ck_assert_uint_le(memory->n + memory->window, MAX);
    *data = memory->bytes + memory->n;
    *size = memory->window;
    return 0;
}

static int memory_write(struct sl_sink *sink, size_t len, struct sl_error *err)
{
    struct memory *memory = (struct memory *)sink;

    (void)err;
    ck_assert_uint_gt(len, 0);
    ck_assert_uint_le(len, memory->window);
    memory->n += len;
    memory->writes++;
    return 0;
}

static int memory_end(struct sl_sink *sink, struct sl_error *err)
{
    (void)err;
    ((struct memory *)sink)->ended++;
    return 0;
}

static void memory_abort(struct sl_sink *sink)
{
    ((struct memory *)sink)->aborted++;
}

static size_t memory_room(struct sl_sink *sink)
{
    return ((struct memory *)sink)->room;
}

static int memory_flush(struct sl_sink *sink, struct sl_error *err)
{
    (void)err;
    ((struct memory *)sink)->flushed++;
    return 0;
}

static const struct sl_sink_ops memory_ops = {
    .name = "memory",
    .buffer = memory_buffer,
    .write = memory_write,
    .end = memory_end,
    .abort = memory_abort,
    .room = memory_room,
    .flush = memory_flush,
};

static const enum sl_compression kinds[] = {SL_GZIP, SL_ZSTD};
static struct memory memory;
static struct sl_sink *sink;
static struct sl_error err;
static char text[MAX];
static char back[MAX];

static void begin(enum sl_compression kind, size_t window)
{
    memset(&memory, 0, offsetof(struct memory, bytes));
    memory.base.ops = &memory_ops;
    memory.window = window;
    memory.room = MAX;
    sink = sl_compress_new(kind, &memory.base, &err);
    ck_assert_ptr_nonnull(sink);
}

static void finish(void)
{
    sl_compress_free(sink);
    sink = NULL;
}

static uint32_t below(uint32_t *seed, uint32_t n)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed % n;
}

/* CSV, as an export is, or noise, which no compressor makes smaller. */
static void make_text(size_t n, bool noise)
{
    static const char *const words[] = {"Gouda", "\"a, b\"", "2026-01-01", "", "18.50", "\n"};
    uint32_t seed = 7;

    for (size_t i = 0; i < n;) {
        const char *word = words[below(&seed, 6)];

        if (noise || word[0] == '\0')
            text[i++] = (char)below(&seed, 256);
        for (; !noise && *word != '\0' && i < n; word++)
            text[i++] = *word;
    }
}

static void put(size_t from, size_t n)
{
    while (n > 0) {
        char *data;
        size_t size;

        ck_assert_int_eq(sl_sink_buffer(sink, &data, &size, &err), 0);
        ck_assert_uint_gt(size, 0);
        if (size > n)
            size = n;
        memcpy(data, text + from, size);
        ck_assert_int_eq(sl_sink_write(sink, size, &err), 0);
        from += size;
        n -= size;
    }
}

/* Bytes that a reader of `bytes` gets so far; *whole: and the file's end is right. */
static size_t gunzip(const char *bytes, size_t len, bool *whole)
{
    z_stream z = {.next_in = (unsigned char *)(uintptr_t)bytes,
                  .avail_in = (unsigned)len,
                  .next_out = (unsigned char *)back,
                  .avail_out = MAX};

    ck_assert_int_eq(inflateInit2(&z, 15 + 16), Z_OK);
    int rc = len == 0 ? Z_BUF_ERROR : inflate(&z, Z_SYNC_FLUSH);
    ck_assert(rc == Z_OK || rc == Z_STREAM_END || rc == Z_BUF_ERROR);
    *whole = rc == Z_STREAM_END && z.avail_in == 0;
    inflateEnd(&z);
    return MAX - z.avail_out;
}

static size_t unzstd(const char *bytes, size_t len, bool *whole)
{
    ZSTD_DCtx *zstd = ZSTD_createDCtx();
    ZSTD_inBuffer in = {bytes, len, 0};
    ZSTD_outBuffer out = {back, MAX, 0};
    size_t rc = 1;

    while (in.pos < in.size) {
        rc = ZSTD_decompressStream(zstd, &out, &in);
        ck_assert(!ZSTD_isError(rc));
    }
    *whole = rc == 0;
    ZSTD_freeDCtx(zstd);
    return out.pos;
}

static size_t decompress(enum sl_compression kind, size_t len, bool *whole)
{
    return kind == SL_GZIP ? gunzip(memory.bytes, len, whole) : unzstd(memory.bytes, len, whole);
}

static void check_whole(enum sl_compression kind, size_t n)
{
    bool whole;

    ck_assert_uint_eq(decompress(kind, memory.n, &whole), n);
    ck_assert(whole);
    ck_assert_mem_eq(back, text, n);
}

/* ---- files */

static void round_trip(enum sl_compression kind, size_t total, size_t window, uint32_t piece,
                       uint32_t flush_one_in)
{
    uint32_t seed = 1 + piece;

    begin(kind, window);
    for (size_t done = 0; done < total;) {
        size_t n = 1 + below(&seed, piece);

        if (n > total - done)
            n = total - done;
        put(done, n);
        done += n;
        if (below(&seed, flush_one_in) == 0)
            ck_assert_int_eq(sl_sink_flush(sink, &err), 0);
    }
    ck_assert_int_eq(sl_sink_end(sink, &err), 0);
    ck_assert_int_eq(memory.ended, 1);
    check_whole(kind, total);
    finish();
}

START_TEST(what_is_written_comes_back_in_pieces_and_windows_of_any_size)
{
    static const size_t windows[] = {64, 100, 4096, 262144};
    static const uint32_t pieces[] = {1, 17, 1000, 70000};

    for (int noise = 0; noise <= 1; noise++) {
        make_text(300000, noise);
        for (size_t w = 0; w < 4; w++)
            for (size_t p = 0; p < 4; p++)
                round_trip(kinds[_i], pieces[p] < 1000 ? 5000 : 300000, windows[w], pieces[p], 5);
    }
}
END_TEST

START_TEST(an_empty_export_is_a_whole_file)
{
    begin(kinds[_i], 4096);
    ck_assert_int_eq(sl_sink_end(sink, &err), 0);
    ck_assert_uint_gt(memory.n, 0);
    check_whole(kinds[_i], 0);
    finish();
}
END_TEST

START_TEST(csv_gets_several_times_smaller_and_noise_hardly_larger)
{
    make_text(MAX / 2, false);
    round_trip(kinds[_i], MAX / 2, 65536, 65536, 1U << 31);
    ck_assert_uint_lt(memory.n, MAX / 6);
    make_text(MAX / 2, true);
    round_trip(kinds[_i], MAX / 2, 65536, 65536, 1U << 31);
    ck_assert_uint_lt(memory.n, MAX / 2 + MAX / 200);
}
END_TEST

/* ---- cut off */

START_TEST(no_part_of_a_file_is_whole)
{
    size_t total = 40000;
    bool whole;

    make_text(total, false);
    begin(kinds[_i], 256);
    put(0, total);
    ck_assert_int_eq(sl_sink_end(sink, &err), 0);
    for (size_t len = 0; len < memory.n; len += len + 40 < memory.n ? 37 : 1) {
        decompress(kinds[_i], len, &whole);
        ck_assert_msg(!whole, "the first %zu of %zu bytes", len, memory.n);
    }
    finish();
}
END_TEST

START_TEST(an_abort_writes_nothing_that_ends_the_file)
{
    size_t total = 100000;
    bool whole;

    make_text(total, false);
    begin(kinds[_i], 256);
    put(0, total);
    ck_assert_int_eq(sl_sink_flush(sink, &err), 0);
    ck_assert_int_eq(sl_sink_flush(sink, &err), 0);
    size_t before = memory.n;
    sl_sink_abort(sink);
    ck_assert_int_eq(memory.aborted, 1);
    ck_assert_int_eq(memory.ended, 0);
    ck_assert_uint_eq(memory.n, before);
    ck_assert_uint_eq(decompress(kinds[_i], memory.n, &whole), total);
    ck_assert(!whole);
    finish();
}
END_TEST

START_TEST(a_failure_of_the_next_stage_comes_back)
{
    char *data;
    size_t size;

    make_text(100000, true);
    begin(kinds[_i], 64);
    memory.fail = true;
    ck_assert_int_eq(sl_sink_buffer(sink, &data, &size, &err), 0);
    memcpy(data, text, size);
    ck_assert_int_eq(sl_sink_write(sink, size, &err), -1);
    ck_assert_str_eq(err.message, "no window");
    finish();
    begin(kinds[_i], 64);
    memory.fail = true;
    ck_assert_int_eq(sl_sink_end(sink, &err), -1);
    ck_assert_int_eq(memory.ended, 0);
    finish();
}
END_TEST

/* ---- flush */

START_TEST(a_flush_shows_what_was_held_back_and_then_nothing_more)
{
    bool whole;

    make_text(1000, false);
    begin(kinds[_i], 65536);
    put(0, 1000);
    ck_assert_int_eq(memory.writes, 0);
    ck_assert_int_eq(sl_sink_flush(sink, &err), 0);
    ck_assert_int_eq(memory.flushed, 1);
    ck_assert_uint_eq(decompress(kinds[_i], memory.n, &whole), 1000);
    ck_assert_mem_eq(back, text, 1000);
    /* The queue keeps the last byte. */
    ck_assert_uint_eq(decompress(kinds[_i], memory.n - 1, &whole), 1000);
    size_t n = memory.n;
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(sl_sink_flush(sink, &err), 0);
    ck_assert_uint_eq(memory.n, n);
    finish();
}
END_TEST

START_TEST(a_flush_waits_for_the_next_when_something_went_out_meanwhile)
{
    bool whole;

    make_text(400000, true);
    begin(kinds[_i], 4096);
    put(0, 400000);
    int writes = memory.writes;
    ck_assert_int_gt(writes, 0);
    ck_assert_int_eq(sl_sink_flush(sink, &err), 0);
    ck_assert_int_eq(memory.writes, writes);
    ck_assert_int_eq(sl_sink_flush(sink, &err), 0);
    ck_assert_int_gt(memory.writes, writes);
    ck_assert_uint_eq(decompress(kinds[_i], memory.n, &whole), 400000);
    finish();
}
END_TEST

START_TEST(the_room_is_what_the_next_stage_has_beside_the_open_window)
{
    make_text(200000, true);
    begin(kinds[_i], MAX / 2);
    memory.room = MAX / 2;
    ck_assert_uint_eq(sl_sink_room(sink), MAX / 2);
    put(0, 200000);
    put(0, 200000);
    ck_assert_uint_lt(sl_sink_room(sink), MAX / 2);
    ck_assert_uint_gt(sl_sink_room(sink), MAX / 2 - 401000);
    memory.room = 10;
    ck_assert_uint_eq(sl_sink_room(sink), 0);
    finish();
}
END_TEST

/* ---- memory */

START_TEST(its_memory_stays_within_the_constant)
{
    make_text(MAX / 2, true);
    begin(kinds[_i], 65536);
    put(0, MAX / 2);
    size_t half = sl_sink_memory(sink);
    memory.n = 0;
    put(0, MAX / 2);
    ck_assert_uint_eq(sl_sink_memory(sink), half);
    ck_assert_uint_gt(half, SL_COMPRESS_WINDOW);
    ck_assert_uint_le(half, SL_COMPRESS_MEMORY);
    finish();
}
END_TEST

/* ---- zlib, where the stage takes ISA-L */

START_TEST(zlib_makes_a_gzip_file_too)
{
    void *state = sl_codec_zlib.open();
    size_t total = 1000000;
    size_t done = 0;
    size_t n = 0;
    bool whole;

    ck_assert_ptr_nonnull(state);
    ck_assert_uint_le(sl_codec_zlib.memory(state) + SL_COMPRESS_WINDOW, SL_COMPRESS_MEMORY);
    make_text(total, false);
    for (int rc = 0; done < total || rc == 0;) {
        size_t len = total - done < 50000 ? total - done : 50000;
        bool last = done + len == total;
        enum sl_codec_mode mode = last                 ? SL_CODEC_END
                                  : done % 100000 == 0 ? SL_CODEC_FLUSH
                                                       : SL_CODEC_RUN;
        struct sl_codec_io io = {text + done, len, memory.bytes + n, 1000};

        rc = sl_codec_zlib.step(state, mode, &io);
        ck_assert_int_ge(rc, 0);
        ck_assert(rc == 1 || io.out_len == 0);
        done += len - io.in_len;
        n += 1000 - io.out_len;
    }
    sl_codec_zlib.close(state);
    ck_assert_uint_eq(gunzip(memory.bytes, n, &whole), total);
    ck_assert(whole);
    ck_assert_mem_eq(back, text, total);
}
END_TEST

START_TEST(the_library_in_use_is_named)
{
#ifdef HAVE_ISAL
    ck_assert_int_eq(strncmp(sl_compress_library(SL_GZIP), "ISA-L 2.", 8), 0);
#else
    ck_assert_int_eq(strncmp(sl_compress_library(SL_GZIP), "zlib 1.", 7), 0);
#endif
    ck_assert_int_eq(strncmp(sl_compress_library(SL_ZSTD), "zstd 1.", 7), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("compress");
    TCase *tc = tcase_create("compress");
    SRunner *sr = srunner_create(suite);

    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, what_is_written_comes_back_in_pieces_and_windows_of_any_size, 0, 2);
    tcase_add_loop_test(tc, an_empty_export_is_a_whole_file, 0, 2);
    tcase_add_loop_test(tc, csv_gets_several_times_smaller_and_noise_hardly_larger, 0, 2);
    tcase_add_loop_test(tc, no_part_of_a_file_is_whole, 0, 2);
    tcase_add_loop_test(tc, an_abort_writes_nothing_that_ends_the_file, 0, 2);
    tcase_add_loop_test(tc, a_failure_of_the_next_stage_comes_back, 0, 2);
    tcase_add_loop_test(tc, a_flush_shows_what_was_held_back_and_then_nothing_more, 0, 2);
    tcase_add_loop_test(tc, a_flush_waits_for_the_next_when_something_went_out_meanwhile, 0, 2);
    tcase_add_loop_test(tc, the_room_is_what_the_next_stage_has_beside_the_open_window, 0, 2);
    tcase_add_loop_test(tc, its_memory_stays_within_the_constant, 0, 2);
    tcase_add_test(tc, zlib_makes_a_gzip_file_too);
    tcase_add_test(tc, the_library_in_use_is_named);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
