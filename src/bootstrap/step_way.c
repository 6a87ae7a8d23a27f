/* The steps of the way in: connect, trust, authenticate, privilege.  What they do is the
 * transport's; called by onboard.c on a worker. */
#include "config.h" /* IWYU pragma: keep */

#include "bootstrap/onboard.h"
#include "bootstrap/transport.h"

int
step_connect(struct step_run *run, struct err **err)
{
    return run->transport->ops->connect(run->transport, run->arena, err);
}

int
step_trust(struct step_run *run, struct err **err)
{
    return run->transport->ops->trust(run->transport, run->arena, err);
}

int
step_authenticate(struct step_run *run, struct err **err)
{
    return run->transport->ops->authenticate(run->transport, run->arena, err);
}

int
step_privilege(struct step_run *run, struct err **err)
{
    return run->transport->ops->privilege(run->transport, run->arena, err);
}
