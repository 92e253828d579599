package org.espalier.spark;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;

/** The runs of a sweep as a table: their settings as they were given, then every number that a run printed. */
final class SweepTable {

    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final List<String> settings;
    private final List<Row> grid;
    private final List<SequencedMap<String, Double>> numbers = new ArrayList<>();
    private final List<Run.Done> runs;

    SweepTable(List<String> settings, List<Row> grid, List<Run.Done> runs) {
        this.settings = settings;
        this.grid = grid;
        this.runs = runs;
        runs.forEach(run -> numbers.add(numbers(run.json())));
    }

    private static SequencedMap<String, Double> numbers(String json) {
        SequencedMap<String, Double> numbers = new LinkedHashMap<>();
        try {
            enter("", MAPPER.readTree(json), numbers);
        } catch (JsonProcessingException e) {
            numbers.clear(); // A run that failed prints none.
        }
        return numbers;
    }

    private static void enter(String name, JsonNode node, Map<String, Double> numbers) {
        if (node.isNumber()) {
            numbers.put(name, node.doubleValue());
        } else if (node.isObject()) {
            node.properties().forEach(field -> enter(inner(name, field.getKey()), field.getValue(), numbers));
        } else if (node.isArray()) {
            for (int i = 0; i < node.size(); i++) {
                enter(inner(name, String.valueOf(i)), node.get(i), numbers);
            }
        }
    }

    private static String inner(String name, String key) {
        return name.isEmpty() ? key : name + "." + key;
    }

    /** One row a run. */
    Dataset<Row> in(SparkSession session) {
        List<String> measured = numbers.stream()
                .flatMap(row -> row.keySet().stream())
                .distinct()
                .toList();
        List<StructField> fields = new ArrayList<>();
        fields.add(DataTypes.createStructField("run", DataTypes.IntegerType, false));
        fields.add(DataTypes.createStructField("folder", DataTypes.StringType, false));
        fields.add(DataTypes.createStructField("status", DataTypes.IntegerType, false));
        fields.add(DataTypes.createStructField("failure", DataTypes.StringType, true));
        settings.forEach(name -> fields.add(DataTypes.createStructField("--" + name, DataTypes.StringType, true)));
        measured.forEach(name -> fields.add(DataTypes.createStructField(name, DataTypes.DoubleType, true)));
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < runs.size(); i++) {
            rows.add(row(i, measured));
        }
        return session.createDataFrame(rows, DataTypes.createStructType(fields));
    }

    private Row row(int number, List<String> measured) {
        Run.Done run = runs.get(number);
        List<Object> values = new ArrayList<>();
        values.add(run.run().number());
        values.add(run.run().folder());
        values.add(run.status());
        values.add(run.status() == 0 ? null : run.errors());
        for (int i = 0; i < settings.size(); i++) {
            values.add(grid.get(number).get(i));
        }
        measured.forEach(name -> values.add(numbers.get(number).get(name)));
        return RowFactory.create(values.toArray());
    }
}
