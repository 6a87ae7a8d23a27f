/* The far end of exec for tests of the client and the console: see exec_box.h. */
#include "config.h" /* IWYU pragma: keep */

#include "tests/lib/exec_box.h"

#include "net/conn.h"
#include "net/ws_priv.h"
#include "tests/lib/unit.h"

static bool
on_message(void *ctx, enum ws_kind kind, struct str message)
{
    struct exec_box *box = ctx;

    (void)kind;
    assert_true(message.size > 0);
    if ((unsigned char)message.at[0] == 255) {
        str_putf(&box->heard, "%d!\n", message.at[1]);
    } else {
        str_putf(&box->heard, "%d:" STR_FMT "\n", message.at[0],
                 STR_ARG(str_slice(message.at + 1, message.size - 1)));
    }
    return true;
}

static void
on_closed(void *ctx, int code, struct err *owned)
{
    struct exec_box *box = ctx;

    (void)code;
    err_free(owned);
    box->is_closed = true;
}

void
exec_box_agree(struct exec_box *box, struct fake_client *fake, const char *line,
               const char *protocol)
{
    struct conn *ends[2];
    struct ws_spec spec = {
        .loop = fake->client.loop, .message_fn = on_message, .closed_fn = on_closed, .ctx = box
    };
    struct fake_call *call = fake_client_expect(fake, line);

    *box = (struct exec_box){ .loop = fake->client.loop };
    conn_pair(box->loop, ends);
    box->ws = ws_new(ends[0], false, str_of(protocol), &spec);
    fake_client_upgrade(call, ends[1], protocol);
    fake_client_settle(box->loop);
}

void
exec_box_say(struct exec_box *box, char channel, const char *text)
{
    (void)ws_send(box->ws, WS_BINARY, str_slice(&channel, 1), str_of(text));
    fake_client_settle(box->loop);
}

void
exec_box_cut(struct exec_box *box)
{
    ws_free(STEAL(box->ws));
    fake_client_settle(box->loop);
}

void
exec_box_done(struct exec_box *box)
{
    ws_free(STEAL(box->ws));
    str_done(&box->heard);
}
