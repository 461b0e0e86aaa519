#include "export/listing.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "export/internal.h"
#include "pg/check.h"

static int in_time(struct sl_watch *watch, struct sl_error *err)
{
    if (sl_clock_ms() < watch->deadline_ms)
        return 0;
    return sl_error_set(err, SL_TIMEOUT, "the database did not answer within %d seconds",
                        SL_LISTING_MS / 1000);
}

static int ask(struct sl_session *session, const struct sl_config *config,
               const struct sl_caller *caller, struct sl_watch *watch, struct sl_tables *tables,
               struct sl_error *err)
{
    const struct sl_settings settings = {
        .application_name = "pgsluice:catalogue",
        .timezone = config->database.timezone,
        .search_path = "",
        .role = caller->role,
        .lock_timeout = config->database.lock_timeout,
        .statement_timeout = SL_LISTING_MS,
        .idle_timeout = SL_LISTING_MS,
    };
    struct sl_table_rights rights;

    sl_access_tables(config, caller, &rights);
    if (sl_check_begin(session, &settings, watch, err) != 0 ||
        sl_tables_list(session, &rights, watch, tables, err) != 0)
        return -1;
    return sl_check_end(session, watch, err);
}

/* With the slot. A kept connection that has died without a word gives way to a new one. */
static int ask_on_slot(struct sl_slots *slots, const struct sl_config *config,
                       const struct sl_caller *caller, struct sl_watch *watch,
                       struct sl_tables *tables, struct sl_error *err)
{
    struct sl_session *session = sl_slots_take(slots, config->database.dsn);

    for (bool kept = session != NULL;; kept = false) {
        if (session == NULL)
            session = sl_session_open(config->database.dsn, watch, err);
        if (session == NULL)
            return -1;
        if (ask(session, config, caller, watch, tables, err) == 0)
            break;
        sl_session_cancel_close(session);
        sl_tables_free(tables);
        if (!kept || err->kind != SL_DB_LOST || err->sqlstate[0] != '\0')
            return -1;
        session = NULL;
    }
    sl_slots_keep(slots, session);
    return 0;
}

int sl_listing(struct sl_service *service, const struct sl_config *config,
               const struct sl_caller *caller, int client_fd, struct sl_tables *tables,
               struct sl_error *err)
{
    struct sl_watch watch = {
        .source_fd = -1,
        .check = in_time,
        .deadline_ms = sl_clock_ms() + SL_LISTING_MS,
    };
    struct sl_table_rights rights;
    int rc = -1;

    sl_access_tables(config, caller, &rights);
    if (sl_rights_none(&rights))
        return 0;
    watch.wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (watch.wake_fd < 0)
        return sl_error_set(err, SL_INTERNAL, "no descriptor left");
    if (sl_slots_acquire(service->slots, &watch, client_fd, err) == 0) {
        rc = ask_on_slot(service->slots, config, caller, &watch, tables, err);
        sl_slots_release(service->slots);
    }
    close(watch.wake_fd);
    return rc;
}
