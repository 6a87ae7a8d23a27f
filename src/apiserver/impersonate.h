/* Acting as somebody else: Impersonate-User, -Group, -Uid, -Extra-*.  Loop thread. */
#ifndef BINNACLE_APISERVER_IMPERSONATE_H
#define BINNACLE_APISERVER_IMPERSONATE_H

#include "apiserver/req.h"

enum step_rc impersonate_step(struct req *req, struct err **err);

#endif
