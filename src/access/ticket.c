#include "access/ticket.h"

#include <stdlib.h>
#include <string.h>

#include "access/document.h"
#include "access/identity.h"
#include "base/buf.h"
#include "base/units.h"
#include "catalog/lexer.h"

#define WHAT "the ticket"

/* One more than the largest size that the configuration takes anywhere. */
#define LIMIT_MAX ((int64_t)1 << 60)

struct reader {
    const struct sl_config *config;
    struct sl_ticket *ticket;
    struct sl_error *err;
};

static int bad(struct reader *reader, const char *must)
{
    return sl_error_set(reader->err, SL_BAD_REQUEST, WHAT "'s %s", must);
}

static int read_text(struct reader *reader, json_t *value, const char *must, const char **text)
{
    if (!json_is_string(value))
        return bad(reader, must);
    *text = json_string_value(value);
    return 0;
}

static int read_sql(struct reader *reader, json_t *value)
{
    struct sl_buf out;

    if (!json_is_string(value))
        return bad(reader, "sql must be a string");
    sl_buf_init(&out, SL_TICKET_MAX);
    int result =
        sl_lex_foreign(json_string_value(value), json_string_length(value), &out, reader->err);
    if (result == 0) {
        reader->ticket->sql = sl_buf_take(&out);
        result = reader->ticket->sql != NULL ? 0 : sl_error_nomem(reader->err);
    }
    sl_buf_free(&out);
    return result;
}

static int read_labels(struct reader *reader, json_t *value)
{
    if (!json_is_array(value))
        return bad(reader, "labels must be an array of strings, one for each column");
    if (json_array_size(value) > SL_TICKET_LABELS)
        return bad(reader, "labels are more than a query can have columns");
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (!json_is_string(json_array_get(value, i)))
            return bad(reader, "labels must be an array of strings, one for each column");
    }
    reader->ticket->labels = value;
    return 0;
}

static int read_format(struct reader *reader, json_t *value)
{
    const char *name = json_string_value(value);

    reader->ticket->format = name == NULL ? NULL : sl_format_find(name);
    return reader->ticket->format == NULL ? bad(reader, "format must be " SL_FORMATS) : 0;
}

static int read_options(struct reader *reader, json_t *value)
{
    return sl_document_args(value, WHAT, "options", &reader->ticket->options, SL_TICKET_OPTIONS,
                            reader->err);
}

static int read_filename(struct reader *reader, json_t *value)
{
    return read_text(reader, value, "filename must be a string", &reader->ticket->filename);
}

static int read_role(struct reader *reader, json_t *value)
{
    if (json_is_string(value) && json_string_length(value) == 0)
        return bad(reader, "role is empty; leave it out to run as the login of tickets");
    return read_text(reader, value, "role must be a string", &reader->ticket->role);
}

static int read_run(struct reader *reader, json_t *value)
{
    return read_text(reader, value, "run must be a version 4 UUID", &reader->ticket->run);
}

static int read_settings(struct reader *reader, json_t *value)
{
    struct sl_ticket *ticket = reader->ticket;

    return sl_identity_settings(value, WHAT, ticket->settings, &ticket->n_settings, reader->err);
}

/* A whole number, or a text with a unit where the configuration takes one. */
static int read_amount(const json_t *value, int (*parse)(const char *, int64_t *), int64_t unit,
                       int64_t *amount)
{
    if (json_is_integer(value) && json_integer_value(value) <= LIMIT_MAX / unit)
        *amount = json_integer_value(value) * unit;
    else if (parse == NULL || !json_is_string(value) ||
             parse(json_string_value(value), amount) != 0)
        return -1;
    return *amount > 0 && *amount <= LIMIT_MAX ? 0 : -1;
}

/* A ticket may only tighten what the configuration says (0: no limit). */
static int64_t tighter(int64_t asked, int64_t configured)
{
    return configured > 0 && configured < asked ? configured : asked;
}

static int read_limits(struct reader *reader, json_t *value)
{
    static const char *const names[] = {"max_rows", "max_bytes", "max_duration", NULL};
    const struct sl_config *config = reader->config;
    struct sl_ticket *ticket = reader->ticket;
    const struct {
        int (*parse)(const char *, int64_t *);
        int64_t unit;
        int64_t configured;
        int64_t *amount;
        const char *must;
    } limits[] = {
        {NULL, 1, config->limits.max_rows, &ticket->max_rows, "max_rows must be a whole number"},
        {sl_parse_size, 1, config->limits.max_bytes, &ticket->max_bytes,
         "max_bytes must be a size, such as 1000000 or \"10MB\""},
        {sl_parse_duration, 1000, config->limits.max_duration, &ticket->max_duration,
         "max_duration must be a time, such as 30 (seconds) or \"5min\""},
    };
    const char *name;
    json_t *one;

    if (!json_is_object(value))
        return bad(reader, "limits must be an object");
    json_object_foreach(value, name, one)
    {
        int i = sl_document_find(name, names, WHAT "'s limits", SL_BAD_REQUEST, reader->err);
        int64_t asked = 0;
        if (i < 0)
            return -1;
        if (json_is_null(one))
            continue;
        if (read_amount(one, limits[i].parse, limits[i].unit, &asked) != 0)
            return bad(reader, limits[i].must);
        *limits[i].amount = tighter(asked, limits[i].configured);
    }
    return 0;
}

static int read_expires_in(struct reader *reader, json_t *value)
{
    int64_t seconds = json_is_integer(value) ? json_integer_value(value) : 0;

    if (seconds < 1 || seconds > SL_TICKET_SECONDS_MAX)
        return bad(reader, "expires_in must be 1 to 300 seconds");
    reader->ticket->expires_in = seconds;
    return 0;
}

/* In the order of names. */
static int (*const readers[])(struct reader *reader, json_t *value) = {
    read_sql,  read_labels,   read_format, read_options, read_filename,
    read_role, read_settings, read_limits, read_run,     read_expires_in,
};
static const char *const names[] = {"sql",      "labels",     "format",   "options",
                                    "filename", "role",       "settings", "limits",
                                    "run",      "expires_in", NULL};
_Static_assert(sizeof(names) / sizeof(names[0]) == sizeof(readers) / sizeof(readers[0]) + 1,
               "a reader for each name");

static int read_members(struct reader *reader)
{
    const char *name;
    json_t *value;

    json_object_foreach(reader->ticket->object, name, value)
    {
        int i = sl_document_find(name, names, WHAT, SL_BAD_REQUEST, reader->err);
        if (i < 0 || (!json_is_null(value) && readers[i](reader, value) != 0))
            return -1;
    }
    if (reader->ticket->sql == NULL)
        return bad(reader, "sql is missing");
    /* The rewritten copy is what runs. */
    return json_object_del(reader->ticket->object, "sql") == 0 ? 0 : sl_error_nomem(reader->err);
}

static int check_identity(struct reader *reader, const char *login)
{
    const struct sl_ticket *ticket = reader->ticket;

    if (sl_identity_check(reader->config, ticket->role, ticket->settings, ticket->n_settings,
                          reader->err) != 0)
        return -1;
    if (ticket->role[0] == '\0' || login[0] == '\0' || strcmp(ticket->role, login) == 0)
        return 0;
    return sl_error_set(reader->err, SL_FORBIDDEN,
                        "a ticket's role needs a login that is that role, as SET ROLE is no "
                        "boundary for SQL of a caller: leave role out, let [tickets] dsn log in "
                        "as %s, or make it a named export",
                        ticket->role);
}

/* What the options are worth is told now, and not to whoever downloads. */
static int check_query(const struct sl_ticket *ticket, struct sl_error *err)
{
    const struct sl_args none = {0};
    struct sl_query query;

    int result = sl_ticket_query(ticket, &none, &query, err);
    sl_query_fini(&query);
    return result;
}

int sl_ticket_parse(const struct sl_config *config, const char *login, const char *text, size_t len,
                    struct sl_ticket **ticket, struct sl_error *err)
{
    struct sl_ticket *made = calloc(1, sizeof(*made));
    struct reader reader = {config, made, err};

    *ticket = NULL;
    if (made == NULL)
        return sl_error_nomem(err);
    made->filename = made->run = made->role = "";
    made->format = &sl_formats[0];
    made->expires_in = SL_TICKET_SECONDS;
    made->options.v = made->option;
    made->object = sl_document_load(text, len, WHAT, SL_BAD_REQUEST, err);
    if (made->object == NULL || read_members(&reader) != 0 || check_identity(&reader, login) != 0 ||
        check_query(made, err) != 0) {
        sl_ticket_free(made);
        return -1;
    }
    made->memory =
        sizeof(*made) + len +
        SL_TICKET_NODE * (json_object_size(made->object) + json_array_size(made->labels) +
                          made->options.n + made->n_settings);
    *ticket = made;
    return 0;
}

void sl_ticket_free(struct sl_ticket *ticket)
{
    if (ticket == NULL)
        return;
    json_decref(ticket->object);
    free(ticket->sql);
    free(ticket);
}

static struct sl_export *make_export(const struct sl_ticket *ticket)
{
    struct sl_export *export = sl_export_new("ticket", "ticket");

    if (export == NULL)
        return NULL;
    export->max_rows = ticket->max_rows;
    export->max_bytes = ticket->max_bytes;
    export->max_duration = ticket->max_duration;
    export->sql = ticket->sql != NULL ? strdup(ticket->sql) : NULL;
    if (export->sql == NULL) {
        sl_export_free(export);
        return NULL;
    }
    return export;
}

static int copy_labels(const struct sl_ticket *ticket, struct sl_query *query)
{
    size_t n = ticket->labels != NULL ? json_array_size(ticket->labels) : 0;

    if (n == 0)
        return 0;
    query->labels = calloc(n, sizeof(*query->labels));
    if (query->labels == NULL)
        return -1;
    for (; query->n_labels < n; query->n_labels++) {
        const char *text = json_string_value(json_array_get(ticket->labels, query->n_labels));
        query->labels[query->n_labels] = text != NULL ? strdup(text) : NULL;
        if (query->labels[query->n_labels] == NULL)
            return -1;
    }
    return 0;
}

int sl_ticket_query(const struct sl_ticket *ticket, const struct sl_args *args,
                    struct sl_query *query, struct sl_error *err)
{
    struct sl_arg all[SL_TICKET_OPTIONS + 3];
    struct sl_args complete = {all, ticket->options.n};

    *query = (struct sl_query){0};
    memcpy(all, ticket->option, ticket->options.n * sizeof(all[0]));
    if (ticket->filename[0] != '\0')
        all[complete.n++] = (struct sl_arg){"_filename", ticket->filename};
    if (ticket->run[0] != '\0')
        all[complete.n++] = (struct sl_arg){"_run", ticket->run};
    for (size_t i = 0; i < args->n; i++) {
        if (strcmp(args->v[i].name, "_run") != 0)
            return sl_error_set(err, SL_BAD_REQUEST,
                                "a ticket is complete: its URL takes no argument but _run");
        if (i > 0 || ticket->run[0] != '\0')
            return sl_error_param(err, "_run", "option _run is given twice");
        all[complete.n++] = args->v[i];
    }
    struct sl_export *export = make_export(ticket);
    if (export == NULL)
        return sl_error_nomem(err);
    int result = sl_query_bind(export, ticket->format, &complete, query, err);
    query->own = export;
    if (result == 0 && copy_labels(ticket, query) != 0)
        return sl_error_nomem(err);
    return result;
}
