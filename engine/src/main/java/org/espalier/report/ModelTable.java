package org.espalier.report;

import java.util.List;

/** A table with a row a model, as papers have them. On a phone it is turned, so that models stand beside each other. */
final class ModelTable {

    /**
     * A number of a model.
     *
     * @param value as text
     * @param note  in small print, or empty
     */
    record Cell(String value, String note) {

        /** Where there is nothing to show. */
        static final Cell EMPTY = new Cell(MeasureSeries.NOTHING, "");

        static Cell of(String value) {
            return new Cell(value, "");
        }

        /** In one line. */
        String text() {
            return (value + " " + note).strip();
        }
    }

    /**
     * A number of every model.
     *
     * @param note in small print under the heading, or empty
     */
    record Column(String heading, String note, List<Cell> cells) {

        /** The heading in one line. */
        String text() {
            return note.isEmpty() ? heading : heading + " (" + note + ")";
        }
    }

    /** Characters of a heading: tasks of one's own may have any name. */
    private static final int LONGEST = 20;

    private ModelTable() {}

    /**
     * Draws the table. Its roles are spelt out because the style sheet lays it out anew on a phone.
     *
     * @param name for those who cannot see it
     */
    static void draw(Markup page, String name, List<String> models, List<Column> columns) {
        page.open("div", "class", "scroll", "tabindex", "0", "role", "region", "aria-label", name);
        page.open(
                "table",
                "class",
                "models",
                "role",
                "table",
                "style",
                "--columns:" + (columns.size() + 1) + ";--models:" + models.size());
        page.open("thead", "role", "rowgroup").open("tr", "role", "row");
        page.element("th", "model", "role", "columnheader", "scope", "col");
        columns.forEach(column -> {
            page.open("th", "role", "columnheader", "scope", "col", "class", "number")
                    .text(Figures.shortened(column.heading, LONGEST));
            small(page, column.note);
            page.close();
        });
        page.close().close().open("tbody", "role", "rowgroup");
        for (int model = 0; model < models.size(); model++) {
            row(page, model, models.get(model), columns);
        }
        page.close().close().close().line();
    }

    private static void row(Markup page, int model, String name, List<Column> columns) {
        page.open("tr", "role", "row").open("th", "role", "rowheader", "scope", "row");
        page.element("span", "", "class", "swatch " + StageTable.colour(model))
                .text(" " + name)
                .close();
        columns.forEach(column -> {
            Cell cell = column.cells.get(model);
            page.open("td", "role", "cell", "class", "number").text(cell.value);
            small(page, cell.note);
            page.close();
        });
        page.close().line();
    }

    private static void small(Markup page, String note) {
        if (!note.isEmpty()) {
            page.element("small", note);
        }
    }
}
