#include "access/once.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Half of a SHA-256: nobody who cannot sign can choose the texts that it must tell apart. */
#define MARK 16

#define FIRST_ROOM 64
#define LAST_ROOM ((size_t)SL_ONCE_MAX / 3 * 4)

struct entry {
    unsigned char mark[MARK];
    int64_t exp; /* 0: a free place; negative: given back, so not used */
};

/* A hash table with linear probing.  What has expired stays until the table is full. */
struct sl_once {
    pthread_mutex_t lock; /* guards all below */
    struct entry *entries;
    size_t room;       /* a power of two, or 0 */
    size_t n;          /* places that are not free, at most three quarters */
    int64_t forgotten; /* what expired until then is not remembered */
};

struct sl_once *sl_once_new(void)
{
    struct sl_once *once = calloc(1, sizeof(*once));

    if (once != NULL)
        pthread_mutex_init(&once->lock, NULL);
    return once;
}

void sl_once_free(struct sl_once *once)
{
    if (once == NULL)
        return;
    pthread_mutex_destroy(&once->lock);
    free(once->entries);
    free(once);
}

static int mark_of(const char *token, unsigned char mark[MARK], struct sl_error *err)
{
    unsigned char digest[EVP_MAX_MD_SIZE];

    if (EVP_Digest(token, strlen(token), digest, NULL, EVP_sha256(), NULL) != 1)
        return sl_error_set(err, SL_INTERNAL, "SHA-256 is not available");
    memcpy(mark, digest, MARK);
    return 0;
}

/* The place of a mark, or the free one where it would be. There is always one. */
static struct entry *place_of(struct entry *entries, size_t room, const unsigned char mark[MARK])
{
    size_t i;

    memcpy(&i, mark, sizeof(i));
    for (i &= room - 1; entries[i].exp != 0; i = (i + 1) & (room - 1))
        if (memcmp(entries[i].mark, mark, MARK) == 0)
            break;
    return &entries[i];
}

static int check(const struct sl_once *once, const unsigned char mark[MARK], struct sl_error *err)
{
    if (once->room == 0 || place_of(once->entries, once->room, mark)->exp <= 0)
        return 0;
    return sl_error_set(err, SL_TICKET_GONE,
                        "this grant was good for one use, and it has been used");
}

/* Makes a place free: by forgetting what has expired, and by growing. */
static int make_room(struct sl_once *once, int64_t now, struct sl_error *err)
{
    size_t live = 0;
    size_t room = once->room > 0 ? once->room : FIRST_ROOM;

    if (once->room > 0 && once->n < once->room / 4 * 3)
        return 0;
    for (size_t i = 0; i < once->room; i++)
        live += once->entries[i].exp > now;
    if (live >= SL_ONCE_MAX)
        return sl_error_set(err, SL_BUSY, "too many grants for one use are remembered");
    if (live > room / 2 && room < LAST_ROOM)
        room *= 2;
    struct entry *entries = calloc(room, sizeof(*entries));
    if (entries == NULL)
        return sl_error_nomem(err);
    for (size_t i = 0; i < once->room; i++)
        if (once->entries[i].exp > now)
            *place_of(entries, room, once->entries[i].mark) = once->entries[i];
    free(once->entries);
    once->entries = entries;
    once->room = room;
    once->n = live;
    once->forgotten = now;
    return 0;
}

int sl_once_check(struct sl_once *once, const char *token, struct sl_error *err)
{
    unsigned char mark[MARK];

    if (mark_of(token, mark, err) != 0)
        return -1;
    pthread_mutex_lock(&once->lock);
    int result = check(once, mark, err);
    pthread_mutex_unlock(&once->lock);
    return result;
}

int sl_once_use(struct sl_once *once, const char *token, int64_t exp, int64_t now,
                struct sl_error *err)
{
    struct entry entry = {.exp = exp};

    if (mark_of(token, entry.mark, err) != 0)
        return -1;
    pthread_mutex_lock(&once->lock);
    int result = check(once, entry.mark, err);
    if (result == 0 && exp <= (now > once->forgotten ? now : once->forgotten))
        result =
            sl_error_set(err, SL_FORBIDDEN, "the grant has expired while it waited for a slot");
    if (result == 0)
        result = make_room(once, now, err);
    if (result == 0) {
        struct entry *place = place_of(once->entries, once->room, entry.mark);
        once->n += place->exp == 0;
        *place = entry;
    }
    pthread_mutex_unlock(&once->lock);
    return result;
}

void sl_once_give_back(struct sl_once *once, const char *token)
{
    unsigned char mark[MARK];
    struct sl_error err;

    if (mark_of(token, mark, &err) != 0)
        return;
    pthread_mutex_lock(&once->lock);
    if (once->room > 0) {
        /* It keeps its place, as others may have been put behind it. */
        struct entry *place = place_of(once->entries, once->room, mark);
        if (place->exp > 0)
            place->exp = -place->exp;
    }
    pthread_mutex_unlock(&once->lock);
}
