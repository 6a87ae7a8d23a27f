/* Between the files of the runtime in memory. */
#ifndef BINNACLE_TESTS_LIB_CRI_BOX_PRIV_H
#define BINNACLE_TESTS_LIB_CRI_BOX_PRIV_H

#include "net/body.h"
#include "net/http.h"
#include "tests/lib/cri_box.h"

enum { CRI_BOX_FRAME = 5 /* bytes before a message */ };

struct box_method;

/* A call, from its headers to the end of its stream. */
struct box_call {
    struct intake intake;
    struct body body; /* of the events' stream */
    struct cri_box *box;
    const struct box_method *method;
    struct http_request *request; /* NULL: the caller is gone, or was answered */
    struct str_builder in, out;
    size_t out_at;
    bool is_streaming, is_waiting, is_kept; /* is_kept: the message lives on */
    struct box_call *next;                  /* held */
};
struct box_method {
    const char *name;
    const ProtobufCMessageDescriptor *takes;
    void (*answer)(struct box_call *call, ProtobufCMessage *message);
};

extern const struct box_method cri_box_methods[];
extern const size_t cri_box_method_len;

void cri_box_refuse(struct box_call *call, enum grpc_code code, const char *message);
void cri_box_forget(struct cri_box_container *container);

#endif
