#include "http/input.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* Of a type's name; the longest of PostgreSQL's own has 27 bytes. */
#define TYPE_MAX 64

/* NUL is the one character that no value holds. */
#define TEXT "\"type\":\"string\",\"pattern\":\"^[^\\\\u0000]*$\""
#define WHOLE(range) "\"type\":\"integer\"," range
#define INT2 WHOLE("\"minimum\":-32768,\"maximum\":32767")
#define INT4 WHOLE("\"format\":\"int32\",\"minimum\":-2147483648,\"maximum\":2147483647")
#define INT8 WHOLE("\"format\":\"int64\"")
#define STAMP "\"type\":\"string\""
#define STAMPTZ "\"type\":\"string\",\"format\":\"date-time\""

static const struct sl_input inputs[] = {
    {"date", SL_CONTROL_DATE, "\"type\":\"string\",\"format\":\"date\""},
    {"timestamp", SL_CONTROL_MOMENT, STAMP},
    {"timestamp without time zone", SL_CONTROL_MOMENT, STAMP},
    {"timestamptz", SL_CONTROL_MOMENT, STAMPTZ},
    {"timestamp with time zone", SL_CONTROL_MOMENT, STAMPTZ},
    {"time", SL_CONTROL_TIME, STAMP},
    {"time without time zone", SL_CONTROL_TIME, STAMP},
    {"smallint", SL_CONTROL_WHOLE, INT2},
    {"int2", SL_CONTROL_WHOLE, INT2},
    {"integer", SL_CONTROL_WHOLE, INT4},
    {"int", SL_CONTROL_WHOLE, INT4},
    {"int4", SL_CONTROL_WHOLE, INT4},
    {"bigint", SL_CONTROL_WHOLE, INT8},
    {"int8", SL_CONTROL_WHOLE, INT8},
    {"numeric", SL_CONTROL_NUMBER, "\"type\":\"number\""},
    {"decimal", SL_CONTROL_NUMBER, "\"type\":\"number\""},
    {"real", SL_CONTROL_NUMBER, "\"type\":\"number\""},
    {"float4", SL_CONTROL_NUMBER, "\"type\":\"number\""},
    {"double precision", SL_CONTROL_NUMBER, "\"type\":\"number\""},
    {"float8", SL_CONTROL_NUMBER, "\"type\":\"number\""},
    {"boolean", SL_CONTROL_BOOL, "\"type\":\"boolean\""},
    {"bool", SL_CONTROL_BOOL, "\"type\":\"boolean\""},
    {"uuid", SL_CONTROL_TEXT, "\"type\":\"string\",\"format\":\"uuid\""},
};
static const struct sl_input list = {"[]", SL_CONTROL_LIST, TEXT};
static const struct sl_input other = {"", SL_CONTROL_TEXT, TEXT};

/* Without modifiers: "timestamp(3) with time zone". */
static size_t plain_type(const char *type, char plain[TYPE_MAX])
{
    size_t n = 0;
    bool inside = false;

    for (; *type != '\0' && n < TYPE_MAX - 1; type++) {
        inside = inside || *type == '(';
        if (!inside)
            plain[n++] = *type;
        inside = inside && *type != ')';
    }
    plain[n] = '\0';
    return n;
}

const struct sl_input *sl_input_of(const char *declared)
{
    char type[TYPE_MAX];
    size_t len = plain_type(declared, type);

    for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++)
        if (strcasecmp(inputs[i].type, type) == 0)
            return &inputs[i];
    return len > 0 && type[len - 1] == ']' ? &list : &other;
}

/* Is it of that shape, where 9 stands for a digit and all else for itself? */
static bool shaped(const char *value, const char *shape)
{
    for (; *shape != '\0'; shape++, value++)
        if (*shape == '9' ? !isdigit((unsigned char)*value) : *value != *shape)
            return false;
    return *value == '\0';
}

const char *sl_input_type(const struct sl_input *input, const char *value)
{
    bool none = value[0] == '\0';

    switch (input->control) {
    case SL_CONTROL_DATE:
        return none || shaped(value, "9999-99-99") ? "date" : "text";
    case SL_CONTROL_MOMENT:
        return none || shaped(value, "9999-99-99T99:99") || shaped(value, "9999-99-99T99:99:99")
                   ? "datetime-local"
                   : "text";
    case SL_CONTROL_TIME:
        return none || shaped(value, "99:99") || shaped(value, "99:99:99") ? "time" : "text";
    case SL_CONTROL_WHOLE:
        return strspn(value, "-0123456789") == strlen(value) ? "number" : "text";
    case SL_CONTROL_NUMBER:
        return strspn(value, "-.0123456789") == strlen(value) ? "number" : "text";
    default:
        return "text";
    }
}
