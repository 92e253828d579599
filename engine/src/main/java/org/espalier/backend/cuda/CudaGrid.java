package org.espalier.backend.cuda;

/**
 * The shape of a launch: blocks of threads. Kernels whose results depend on it get one that follows from the operation's
 * shape alone; the others fill the device at hand.
 */
record CudaGrid(int blocksX, int blocksY, int blocksZ, int threadsX, int threadsY) {

    private static final int WARP = 32;
    /** Threads of a block where nothing asks for more or fewer. */
    static final int THREADS = 256;

    private static final int MOST_THREADS = 1024;
    /** Blocks of {@link #THREADS} that a multiprocessor holds at once. */
    private static final int BLOCKS_EACH = 8;
    /** Numbers that a thread takes in one access. */
    private static final int WIDE = 4;

    /** Columns and rows of a block that adds up columns, as the kernels have it. */
    private static final int SUMMED_COLUMNS = 32;

    private static final int SUMMED_ROWS = 16;

    /** Blocks in a row, of threads in a row. */
    static CudaGrid of(int blocks, int threads) {
        return new CudaGrid(blocks, 1, 1, threads, 1);
    }

    /** One block for each chunk of so many numbers. */
    static CudaGrid chunks(long numbers, int chunk) {
        return of(Math.toIntExact(Math.ceilDiv(numbers, (long) chunk)), THREADS);
    }

    /**
     * For kernels that hand out numbers four at a time until none are left: as many blocks as the device runs at once, or
     * fewer where there is not work for all.
     */
    static CudaGrid filling(CudaContext context, long numbers) {
        long wanted = Math.ceilDiv(numbers, (long) WIDE * THREADS);
        return of((int) Math.min(wanted, (long) context.multiprocessors() * BLOCKS_EACH), THREADS);
    }

    /** One block a row, in whole warps, with four numbers a thread as long as {@link #THREADS} are enough. */
    static CudaGrid rows(int rows, int columns) {
        return of(rows, threads(columns, THREADS));
    }

    /** As {@link #rows}, with up to four times the threads: for few rows of many numbers. */
    static CudaGrid longRows(int rows, int columns) {
        return of(rows, threads(columns, MOST_THREADS));
    }

    /** As {@link #rows}, with as many blocks beside each other as a row needs where each thread takes four numbers. */
    static CudaGrid cutRows(int rows, int columns) {
        int threads = threads(columns, THREADS);
        return new CudaGrid(rows, Math.ceilDiv(columns, WIDE * threads), 1, threads, 1);
    }

    /**
     * Blocks of 32 columns and 16 rows, beside each other, for kernels in which a block adds up its columns over all rows.
     */
    static CudaGrid columnSums(int columns) {
        return new CudaGrid(Math.ceilDiv(columns, SUMMED_COLUMNS), 1, 1, SUMMED_COLUMNS, SUMMED_ROWS);
    }

    /** As many rows a block as it has threads for, with four numbers a thread as long as {@link #THREADS} are enough. */
    static CudaGrid shortRows(int rows, int columns) {
        int wanted = Math.max(1, Math.ceilDiv(columns, WIDE));
        int threadsPerRow = Math.min(THREADS, Integer.highestOneBit(2 * wanted - 1));
        int rowsPerBlock = THREADS / threadsPerRow;
        return new CudaGrid(Math.ceilDiv(rows, rowsPerBlock), 1, 1, threadsPerRow, rowsPerBlock);
    }

    /** One warp a row. */
    static CudaGrid warps(int rows) {
        return of(Math.ceilDiv(rows, THREADS / WARP), THREADS);
    }

    private static int threads(int columns, int most) {
        return Math.min(most, Math.ceilDiv(Math.ceilDiv(columns, WIDE), WARP) * WARP);
    }
}
