#include "base/ini.h"

#include <stdbool.h>
#include <string.h>
#include "base/buf.h"
#include "base/units.h"

#define WORD_MAX 64 /* bytes of a section, a name or a key */

#define BYTE_ORDER_MARK "\xEF\xBB\xBF"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define KEY_LETTERS LOWER "0123456789_"
#define NAME_LETTERS KEY_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ.-"

struct span {
    const char *text;
    size_t len;
};

struct reader {
    const char *file;
    sl_ini_fn fn;
    void *ctx;
    struct sl_error *err;
    int line;
    char section[WORD_MAX + 1];
    char name[WORD_MAX + 1];
    char key[WORD_MAX + 1]; /* whose value is being collected; "" for none */
    int key_line;
    struct sl_buf value;
};

/* Messages never quote a line: it may be a secret in the wrong place. */
static int fail(struct reader *reader, const char *what)
{
    return sl_error_set(reader->err, SL_CONFIG, "%s:%d: %s", reader->file, reader->line, what);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static struct span trim(struct span s)
{
    while (s.len > 0 && is_blank(s.text[0]))
        s = (struct span){s.text + 1, s.len - 1};
    while (s.len > 0 && is_blank(s.text[s.len - 1]))
        s.len--;
    return s;
}

/* Copies a word that consists of the given letters only. false: it is none. */
static bool copy_word(struct span s, const char *letters, char word[WORD_MAX + 1])
{
    if (s.len == 0 || s.len > WORD_MAX)
        return false;
    memcpy(word, s.text, s.len);
    word[s.len] = '\0';
    return strspn(word, letters) == s.len;
}

/* Hands out the key whose value is complete now, if there is one. */
static int end_value(struct reader *reader)
{
    struct sl_ini_entry entry = {.section = reader->section,
                                 .name = reader->name,
                                 .key = reader->key,
                                 .value = reader->value.data,
                                 .line = reader->key_line};
    int result;

    if (reader->key[0] == '\0')
        return 0;
    result = reader->fn(reader->ctx, &entry, reader->err);
    reader->key[0] = '\0';
    sl_buf_free(&reader->value);
    return result;
}

static int add_value(struct reader *reader, struct span s)
{
    struct sl_buf *value = &reader->value;

    if (s.len + 1 > value->max - value->len)
        return fail(reader, "the value is longer than 64 kB; shorten it");
    if (value->len > 0 && sl_buf_putc(value, '\n') != 0)
        return sl_error_nomem(reader->err);
    if (sl_buf_add(value, s.text, s.len) != 0)
        return sl_error_nomem(reader->err);
    return 0;
}

/* `[section]` or `[section NAME]` */
static int read_section(struct reader *reader, struct span s)
{
    struct sl_ini_entry entry = {
        .section = reader->section, .name = reader->name, .value = "", .line = reader->line};
    struct span word;
    struct span name;
    size_t n = 0;

    if (s.text[s.len - 1] != ']')
        return fail(reader, "a section line must end with ]; write for example [server]");
    s = trim((struct span){s.text + 1, s.len - 2});
    while (n < s.len && !is_blank(s.text[n]))
        n++;
    word = (struct span){s.text, n};
    name = trim((struct span){s.text + n, s.len - n});
    if (!copy_word(word, KEY_LETTERS, reader->section))
        return fail(reader, "this is no section name; write for example [server]");
    reader->name[0] = '\0';
    if (name.len > 0 && !copy_word(name, NAME_LETTERS, reader->name))
        return fail(reader, "a section's own name is one word of at most 64 letters, digits, "
                            "_ . or -; write for example [token reports]");
    return reader->fn(reader->ctx, &entry, reader->err);
}

/* `key = value` */
static int read_key(struct reader *reader, struct span s)
{
    const char *equals = memchr(s.text, '=', s.len);
    struct span key = s;
    struct span value;

    if (equals == NULL)
        return fail(reader, "this line is no section, key or comment; write key = value");
    key.len = (size_t)(equals - s.text);
    value = trim((struct span){equals + 1, s.len - key.len - 1});
    if (reader->section[0] == '\0')
        return fail(reader, "a key stands before the first section; write a line such as "
                            "[server] above it");
    if (!copy_word(trim(key), KEY_LETTERS, reader->key)) {
        reader->key[0] = '\0';
        return fail(reader, "a key is a word of small letters, digits and _; write key = value");
    }
    reader->key_line = reader->line;
    return add_value(reader, value);
}

static int read_line(struct reader *reader, struct span raw)
{
    struct span s = trim(raw);

    if (s.len == 0)
        return end_value(reader);
    if (s.text[0] == '#' || s.text[0] == ';')
        return 0;
    if (is_blank(raw.text[0])) {
        if (reader->key[0] == '\0')
            return fail(reader, "a line that begins with white space continues a value, and "
                                "there is none above it; remove the white space");
        return add_value(reader, s);
    }
    if (end_value(reader) != 0)
        return -1;
    return s.text[0] == '[' ? read_section(reader, s) : read_key(reader, s);
}

int sl_ini_read(const char *file, const char *text, size_t len, sl_ini_fn fn, void *ctx,
                struct sl_error *err)
{
    struct reader reader = {.file = file, .fn = fn, .ctx = ctx, .err = err};
    int result = -1;

    if (len > SL_INI_MAX_BYTES)
        return sl_error_set(err, SL_CONFIG, "%s: larger than 1 MB; shorten it", file);
    if (len >= 3 && memcmp(text, BYTE_ORDER_MARK, 3) == 0) {
        text += 3;
        len -= 3;
    }
    sl_buf_init(&reader.value, SL_INI_MAX_VALUE);
    while (len > 0) {
        const char *newline = memchr(text, '\n', len);
        struct span raw = {text, newline != NULL ? (size_t)(newline - text) : len};
        reader.line++;
        if (!sl_utf8_valid(raw.text, raw.len)) {
            fail(&reader, "this line is not UTF-8 text; save the file as UTF-8");
            goto out;
        }
        if (read_line(&reader, raw) != 0)
            goto out;
        raw.len += newline != NULL;
        text += raw.len;
        len -= raw.len;
    }
    result = end_value(&reader);
out:
    sl_buf_free(&reader.value);
    return result;
}
