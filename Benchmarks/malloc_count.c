/* Counts what a process allocates: LD_PRELOAD it, and name a file in MALLOC_COUNTS. The file holds, as 64-bit numbers of this machine, the
 * allocations so far, their bytes, the live blocks, their bytes, and then the live blocks by size: those of up to 16 bytes, up to 32, … up to
 * 4096, and all larger ones. It is mapped, so that a benchmark reads it while the process runs (Benchmarks/allocations.py does).
 *
 * Build:  gcc -O2 -shared -fPIC -o malloc_count.so malloc_count.c
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void __libc_free(void *);

enum { CLASSES = 257 };
struct counts {
    _Atomic uint64_t allocations, allocated_bytes, live, live_bytes, by_size[CLASSES];
};
static struct counts none, *counts = &none;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("MALLOC_COUNTS");
    if (!path) return;
    int fd = open(path, O_RDWR | O_CREAT, 0600);
    if (fd < 0 || ftruncate(fd, sizeof none)) return;
    void *map = mmap(0, sizeof none, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (map != MAP_FAILED) counts = map;
}

static size_t size_class(size_t bytes) { return bytes > 4096 ? CLASSES - 1 : (bytes + 15) / 16 - (bytes > 0); }

static void add(_Atomic uint64_t *cell, uint64_t amount) { atomic_fetch_add_explicit(cell, amount, memory_order_relaxed); }

/* The usable size is what the block takes, and the same when it is freed. */
static void *took(void *block) {
    if (!block) return block;
    size_t bytes = malloc_usable_size(block);
    add(&counts->allocations, 1);
    add(&counts->allocated_bytes, bytes);
    add(&counts->live, 1);
    add(&counts->live_bytes, bytes);
    add(&counts->by_size[size_class(bytes)], 1);
    return block;
}

static void gave(void *block) {
    if (!block) return;
    size_t bytes = malloc_usable_size(block);
    add(&counts->live, -1);
    add(&counts->live_bytes, -bytes);
    add(&counts->by_size[size_class(bytes)], -1);
}

void *malloc(size_t bytes) { return took(__libc_malloc(bytes)); }
void *calloc(size_t count, size_t bytes) { return took(__libc_calloc(count, bytes)); }
void *memalign(size_t alignment, size_t bytes) { return took(__libc_memalign(alignment, bytes)); }
void *aligned_alloc(size_t alignment, size_t bytes) { return took(__libc_memalign(alignment, bytes)); }

int posix_memalign(void **block, size_t alignment, size_t bytes) {
    *block = took(__libc_memalign(alignment, bytes));
    return *block ? 0 : ENOMEM;
}

void *realloc(void *block, size_t bytes) {
    gave(block);
    void *moved = __libc_realloc(block, bytes);
    if (moved) return took(moved);
    if (block && bytes) took(block); /* it failed, and the block is still there */
    return moved;
}

void free(void *block) {
    gave(block);
    __libc_free(block);
}
