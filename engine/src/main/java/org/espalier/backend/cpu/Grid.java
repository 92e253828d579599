package org.espalier.backend.cpu;

/**
 * How a product's result is cut into tiles: large ones, because each packs its operands anew (512 × 384 keeps 96–98 % of
 * an uncut product's speed, 256 × 256 90–94 %), but several, so that threads share them evenly. It depends on the shape
 * alone.
 *
 * @param rows    cut of the result's rows
 * @param columns cut of its columns
 */
record Grid(Cut rows, Cut columns) {

    /** Tiles that are enough for an even share. */
    private static final int ENOUGH = 8;
    /** Rows and columns of tiles to choose from, the fastest first. */
    private static final int[][] TILES = {{512, 512}, {512, 384}, {512, 256}, {256, 256}, {256, 128}, {128, 128}};
    /** Tiles end at multiples of this, if they can: a whole number of registers and of small blocks. */
    private static final int MULTIPLE = 32;

    /** @param columnMultiple columns that must stay together, a multiple or divisor of 32 */
    static Grid of(int rows, int columns, int columnMultiple) {
        int multiple = Math.max(MULTIPLE, columnMultiple);
        Grid grid = null;
        for (int[] tile : TILES) {
            grid = new Grid(Cut.of(rows, tile[0], MULTIPLE), Cut.of(columns, tile[1], multiple));
            if (grid.tiles() >= ENOUGH) {
                break;
            }
        }
        return grid;
    }

    int tiles() {
        return Math.multiplyExact(rows.count(), columns.count());
    }

    Tile tile(int index) {
        int row = index / columns.count();
        int column = index % columns.count();
        return new Tile(
                rows.start(row),
                rows.end(row) - rows.start(row),
                columns.start(column),
                columns.end(column) - columns.start(column));
    }

    /** Rows {@code row .. row + rows} and columns {@code column .. column + columns} of the result. */
    record Tile(int row, int rows, int column, int columns) {}
}
