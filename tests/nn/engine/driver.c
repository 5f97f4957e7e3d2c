/* Runs a training step on a picture of a process's memory, for a processor that this machine only emulates.

   Reads numbers of eight bytes: bytes of the picture, places in it where an address relative to its start stands, then
   the arguments of `run`, addresses likewise, and the number of threads; then those places, then the picture. Writes
   what `run` returns, then the picture as it is afterwards. */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include "step.c"

enum { SIZE, PLACES, STATE, ROWS_AT, N, RATES, LOGITS, THREADS, WORDS };

static int64_t head[WORDS];
static char *picture;

static long run_part(long part) {
    return run((network *)(picture + head[STATE]), (int64_t *)(picture + head[ROWS_AT]), head[N],
               (double *)(picture + head[RATES]), (REAL *)(picture + head[LOGITS]), part);
}

static void *second(void *unused) {
    run_part(1);
    return NULL;
}

int main(int argc, char **argv) {
    if (argc > 1) {    /* what the library states, a line each */
        const char *words[3];
        int64_t value;
        for (long i = 0; state(i, words, &value); i++)
            printf("%s %s %s %lld\n", words[0], words[1], words[2], (long long)value);
        return 0;
    }
    if (fread(head, 8, WORDS, stdin) != WORDS) return 1;
    int64_t *places = malloc(8 * (head[PLACES] + 1));
    picture = aligned_alloc(64, (head[SIZE] + 63) / 64 * 64);
    if (fread(places, 8, head[PLACES], stdin) != (size_t)head[PLACES]) return 1;
    if (fread(picture, 1, head[SIZE], stdin) != (size_t)head[SIZE]) return 1;
    for (long i = 0; i < head[PLACES]; i++) *(int64_t *)(picture + places[i]) += (int64_t)picture;
    pthread_t thread;
    if (head[THREADS] == 2) pthread_create(&thread, NULL, second, NULL);
    int64_t done = run_part(0);
    if (head[THREADS] == 2) pthread_join(thread, NULL);
    fwrite(&done, 8, 1, stdout);
    fwrite(picture, 1, head[SIZE], stdout);
    return 0;
}
