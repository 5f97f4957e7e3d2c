/* Training steps: the arithmetic of Network.forward, Network.backward and SGD.step for one batch after another.

   Each phase of a step is cut into the same two halves, whether one thread makes both or two threads one each; every
   number is made whole by one of them, so the results do not depend on the number of threads. */

#include "network.h"
#include "forward.h"
#include "backward.h"

static int step(network *net, const int64_t *rows, long n, rule r, REAL *logits, long part) {
    layer *first = net->layers, *last = net->layers + net->n_layers - 1;
    FOR_HALVES(h, net, part) gather(net, rows, n, h);
    for (layer *l = first; l <= last; l++) {
        if (l == first || !by_example(l - 1) || !by_example(l)) wait_for_other(net);
        if (l != first) {
            FOR_HALVES(h, net, part) take_activations(net, l, l - 1, n, h);
            if (!by_example(l)) wait_for_other(net);
        }
        FOR_HALVES(h, net, part) forward(net, l, n, h);
    }
    if (!by_example(last)) wait_for_other(net);
    FOR_HALVES(h, net, part) finish_outputs(net, rows, n, logits, h);
    for (layer *l = last; l >= first; l--) {
        FOR_HALVES(h, net, part)
            if (l->dense) pack(l->delta, l->stride, n, l->stride, l->delta_blocks, l->turned_deltas, h);
            else if (l != first) turn_weights(net, l, h);
        if (l->dense || l != first) wait_for_other(net);
        FOR_HALVES(h, net, part) {
            if (l != first) propagate(net, l, n, h);
            if (!l->dense) turn_lists(l, n, net->batch, h);
        }
        wait_for_other(net);
        if (!atomic_load(&net->finite)) return 0;
        FOR_HALVES(h, net, part) learn(net, l, r, n, h);
    }
    wait_for_other(net);
    if (net->max_norm) {
        for (layer *l = first; l <= last; l++) FOR_HALVES(h, net, part) limit_norms(net, l, h);
        wait_for_other(net);
    }
    return 1;
}

/* Steps on n examples, a batch each (the last may be smaller), with one rate each; puts their logits (n, n_out).
   Called with part 0, and at the same time from a second thread with part 1 if there are two.
   Returns how many examples went through steps whose numbers were finite. */
long run(network *net, const int64_t *rows, long n, const double *rates, REAL *logits, long part) {
    long n_out = net->layers[net->n_layers - 1].n_out, at = 0;
    rule r = {0, (REAL)net->momentum, (REAL)net->l2, (int)net->only_gradients, (int)net->nesterov};
    FOR_HALVES(h, net, part) if (!net->in_panels) convert(net, 1, h);
    for (long i = 0; at < n; at += net->batch, i++) {
        r.rate = (REAL)rates[i];
        if (part == 0) net->done = at;
        if (!step(net, rows + at, net->batch < n - at ? net->batch : n - at, r, logits + at * n_out, part)) break;
    }
    wait_for_other(net);
    FOR_HALVES(h, net, part) if (!net->only_gradients && !net->keep_panels) convert(net, 0, h);
    if (part == 0) net->in_panels = net->keep_panels;
    return at < n ? at : n;
}
