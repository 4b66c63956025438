/* Telling rewrapd which keys are on the token, in frames of a bounded number. */
#include "proto/frame.h"
#include "proto/message.h"
#include "worker.h"

#include <assert.h>
#include <stdlib.h>

/* An entry is under 160 bytes on the wire: its material id and the longest reason we have. */
#define PAGE_OBJECTS 2000
static_assert(PAGE_OBJECTS <= PROTO_MAX_ELEMENTS, "a page is not more than a frame may hold");
static_assert(PAGE_OBJECTS * 160 < FRAME_MAX_BYTES, "a page fits into a frame");

struct page {
    struct worker *worker;
    uint64_t id;
    Hsm__Hello *hello; /* NULL once it was sent */
    bool sent;         /* false: the other side is gone */
    size_t count;
    Hsm__StockEntry *entries[PAGE_OBJECTS]; /* to entry_of */
    Hsm__StockEntry entry_of[PAGE_OBJECTS];
    uint8_t material_id_of[PAGE_OBJECTS][ENVELOPE_MATERIAL_ID_BYTES];
};

static void page_send(struct page *page, bool more)
{
    Hsm__Response response = HSM__RESPONSE__INIT;
    response.has_id = true;
    response.id = page->id;
    response.has_status = true;
    response.status = HSM__STATUS__STATUS_OK;
    response.has_more = more;
    response.more = more;
    if (page->hello != NULL) {
        page->hello->n_objects = page->count;
        page->hello->objects = page->entries;
        response.hello = page->hello;
        page->hello = NULL;
    } else {
        response.n_objects = page->count;
        response.objects = page->entries;
    }
    page->sent = channel_send(&page->worker->channel, &response.base);
    page->count = 0;
}

static bool page_add(void *state, const struct hsm_object *object)
{
    struct page *page = state;
    if (page->count == PAGE_OBJECTS) {
        page_send(page, true);
        if (!page->sent) {
            return false;
        }
    }
    size_t i = page->count++;
    Hsm__StockEntry *entry = &page->entry_of[i];
    *entry = (Hsm__StockEntry)HSM__STOCK_ENTRY__INIT;
    memcpy(page->material_id_of[i], object->material_id, ENVELOPE_MATERIAL_ID_BYTES);
    entry->has_spec = true;
    entry->spec = (Hsm__KeySpec)object->spec;
    entry->has_boundary = true;
    entry->boundary = (Hsm__Boundary)object->boundary;
    entry->has_material_id = true;
    entry->material_id = (ProtobufCBinaryData){.len = ENVELOPE_MATERIAL_ID_BYTES, .data = page->material_id_of[i]};
    entry->refused_for = (char *)(uintptr_t)object->refused_for; /* packing only reads it */
    page->entries[i] = entry;
    return true;
}

bool objects_send(struct worker *worker, uint64_t id, Hsm__Hello *hello)
{
    struct page *page = calloc(1, sizeof *page);
    if (page == NULL) {
        return false;
    }
    page->worker = worker;
    page->id = id;
    page->hello = hello;
    page->sent = true;
    hsm_rewrap_objects(worker->rewrap, page_add, page);
    if (page->sent) {
        page_send(page, false);
    }
    bool sent = page->sent;
    free(page);
    return sent;
}
