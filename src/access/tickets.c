#include "access/tickets.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"

struct sl_waiting {
    struct sl_waiting *next;
    struct sl_ticket *ticket;
    char id[SL_TICKET_ID_TEXT];
    int64_t until; /* sl_clock_ms() */
    bool listed;
    bool used;
    unsigned holders;
};

struct sl_tickets {
    pthread_mutex_t lock; /* guards the list and all that a member of it has, but ticket and id,
                             which do not change; no other lock is taken under it */
    struct sl_waiting *first;
    size_t n;
    size_t bytes;
};

struct sl_tickets *sl_tickets_new(void)
{
    struct sl_tickets *tickets = calloc(1, sizeof(*tickets));

    if (tickets != NULL)
        pthread_mutex_init(&tickets->lock, NULL);
    return tickets;
}

static void waiting_free(struct sl_waiting *waiting)
{
    sl_ticket_free(waiting->ticket);
    free(waiting);
}

void sl_tickets_free(struct sl_tickets *tickets)
{
    if (tickets == NULL)
        return;
    while (tickets->first != NULL) {
        struct sl_waiting *next = tickets->first->next;
        waiting_free(tickets->first);
        tickets->first = next;
    }
    pthread_mutex_destroy(&tickets->lock);
    free(tickets);
}

/* Under the lock. Takes *link out of the list, and frees it unless someone holds it. */
static void unlist(struct sl_tickets *tickets, struct sl_waiting **link)
{
    struct sl_waiting *waiting = *link;

    *link = waiting->next;
    waiting->listed = false;
    tickets->n--;
    tickets->bytes -= waiting->ticket->memory;
    if (waiting->holders == 0)
        waiting_free(waiting);
}

/* Under the lock. */
static void drop_expired(struct sl_tickets *tickets)
{
    int64_t now = sl_clock_ms();

    for (struct sl_waiting **link = &tickets->first; *link != NULL;) {
        if ((*link)->until <= now)
            unlist(tickets, link);
        else
            link = &(*link)->next;
    }
}

static int make_id(char id[SL_TICKET_ID_TEXT], struct sl_error *err)
{
    unsigned char bytes[SL_TICKET_ID_BYTES];

    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
        return sl_error_set(err, SL_INTERNAL, "no random bytes");
    EVP_EncodeBlock((unsigned char *)id, bytes, sizeof(bytes));
    /* RFC 4648 section 5; a multiple of three bytes needs no padding. */
    for (char *c = id; *c != '\0'; c++) {
        if (*c == '+')
            *c = '-';
        else if (*c == '/')
            *c = '_';
    }
    return 0;
}

/* Under the lock. */
static void put_in(struct sl_tickets *tickets, struct sl_waiting *waiting)
{
    waiting->listed = true;
    waiting->next = tickets->first;
    tickets->first = waiting;
    tickets->n++;
    tickets->bytes += waiting->ticket->memory;
}

/* Puts it into the list; false: too many wait, and it stays the caller's. */
static bool enlist(struct sl_tickets *tickets, struct sl_waiting *waiting)
{
    pthread_mutex_lock(&tickets->lock);
    drop_expired(tickets);
    bool room =
        tickets->n < SL_TICKETS_MAX && tickets->bytes + waiting->ticket->memory <= SL_TICKETS_BYTES;
    if (room) {
        waiting->until = sl_clock_ms() + waiting->ticket->expires_in * 1000;
        put_in(tickets, waiting);
    }
    pthread_mutex_unlock(&tickets->lock);
    return room;
}

int sl_tickets_add(struct sl_tickets *tickets, struct sl_ticket *ticket, char id[SL_TICKET_ID_TEXT],
                   struct sl_error *err)
{
    struct sl_waiting *waiting = calloc(1, sizeof(*waiting));

    if (waiting == NULL) {
        sl_ticket_free(ticket);
        return sl_error_nomem(err);
    }
    waiting->ticket = ticket;
    if (make_id(waiting->id, err) == 0) {
        /* Once it is listed, another thread may use it up at any moment. */
        memcpy(id, waiting->id, SL_TICKET_ID_TEXT);
        if (enlist(tickets, waiting))
            return 0;
        sl_error_set(err, SL_BUSY, "too many tickets wait to be run");
    }
    waiting_free(waiting);
    return -1;
}

static int gone(struct sl_error *err)
{
    return sl_error_set(err, SL_TICKET_GONE,
                        "this ticket is unknown, expired or used: ask for the download again");
}

/* Under the lock. Every id is compared in full, so that the time tells nothing of any. */
static struct sl_waiting *find(struct sl_tickets *tickets, const char *id)
{
    struct sl_waiting *found = NULL;

    if (strlen(id) != SL_TICKET_ID_TEXT - 1)
        return NULL;
    for (struct sl_waiting *one = tickets->first; one != NULL; one = one->next) {
        if (CRYPTO_memcmp(one->id, id, SL_TICKET_ID_TEXT - 1) == 0)
            found = one;
    }
    return found;
}

struct sl_waiting *sl_tickets_find(struct sl_tickets *tickets, const char *id, struct sl_error *err)
{
    pthread_mutex_lock(&tickets->lock);
    drop_expired(tickets);
    struct sl_waiting *found = find(tickets, id);
    if (found != NULL)
        found->holders++;
    pthread_mutex_unlock(&tickets->lock);
    if (found == NULL)
        gone(err);
    return found;
}

const struct sl_ticket *sl_waiting_ticket(const struct sl_waiting *waiting)
{
    return waiting->ticket;
}

int sl_tickets_use(struct sl_tickets *tickets, struct sl_waiting *waiting, struct sl_error *err)
{
    pthread_mutex_lock(&tickets->lock);
    bool first = !waiting->used;
    waiting->used = true;
    if (waiting->listed) {
        struct sl_waiting **link = &tickets->first;
        while (*link != waiting)
            link = &(*link)->next;
        unlist(tickets, link);
    }
    pthread_mutex_unlock(&tickets->lock);
    return first ? 0 : gone(err);
}

void sl_tickets_give_back(struct sl_tickets *tickets, struct sl_waiting *waiting)
{
    pthread_mutex_lock(&tickets->lock);
    waiting->used = false;
    if (!waiting->listed && waiting->until > sl_clock_ms())
        put_in(tickets, waiting);
    pthread_mutex_unlock(&tickets->lock);
}

void sl_tickets_done(struct sl_tickets *tickets, struct sl_waiting *waiting)
{
    pthread_mutex_lock(&tickets->lock);
    waiting->holders--;
    bool last = waiting->holders == 0 && !waiting->listed;
    pthread_mutex_unlock(&tickets->lock);
    if (last)
        waiting_free(waiting);
}
