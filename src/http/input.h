/* How a parameter's value is written: in a form's control, and in a schema. By its type alone. */
#ifndef SL_INPUT_H
#define SL_INPUT_H

#include <stdbool.h>

enum sl_control {
    SL_CONTROL_TEXT,
    SL_CONTROL_LIST, /* an array */
    SL_CONTROL_DATE,
    SL_CONTROL_MOMENT, /* date and time */
    SL_CONTROL_TIME,
    SL_CONTROL_WHOLE, /* a whole number */
    SL_CONTROL_NUMBER,
    SL_CONTROL_BOOL,
};

struct sl_input {
    const char *type; /* of PostgreSQL; "" stands for all others */
    enum sl_control control;
    const char *schema; /* members of a JSON schema, without braces */
};

/* Of a type as an export file declares it or format_type() prints it, in any case. Never NULL. */
const struct sl_input *sl_input_of(const char *declared);

/*
 * The type attribute of an <input> that can hold the value: "date" cannot show
 * "yesterday", which PostgreSQL reads.  "text" where in doubt.
 */
const char *sl_input_type(const struct sl_input *input, const char *value);

#endif
