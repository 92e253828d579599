package org.espalier.job;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntToDoubleFunction;
import org.espalier.couple.Selection;
import org.espalier.cut.Compactor;
import org.espalier.error.Printable;
import org.espalier.file.Output;
import org.espalier.file.WriteFailure;
import org.espalier.format.Conversion;
import org.espalier.format.ModelContent;
import org.espalier.format.SafetensorsFolder;
import org.espalier.importance.BlockCriterion;
import org.espalier.importance.Candidates;
import org.espalier.importance.ScoresFile;
import org.espalier.model.ModelConfig;
import org.espalier.plan.LatencyTable;
import org.espalier.plan.LatencyTable.Times;
import org.espalier.plan.RoundWidths;
import org.espalier.plan.Rounding;
import org.espalier.tensor.DType;

/**
 * Measures what narrower branches save, in whole passes: a matrix alone would be read from cache, and lie. A model in which all
 * branches of a size are narrow is written aside, as a pruning would write it, and takes turns with the whole model; so what
 * slows the machine down slows both. One such model is there at once.
 */
final class LatencyMeter {

    private final Engine engine;
    private final LatencySettings settings;
    private final Optional<DType> dtype;

    /** @param dtype that weights are stored in by the pruning that is meant; empty for that of the source */
    LatencyMeter(Engine engine, LatencySettings settings, Optional<DType> dtype) {
        this.engine = engine;
        this.settings = settings;
        this.dtype = dtype;
    }

    /**
     * A form beside the whole model, turn by turn.
     *
     * @param whole speeds of the whole model, of reading and of writing as far as they are asked for
     * @param form  the same of the form
     */
    private record Turns(List<Speeds> whole, List<Speeds> form) {}

    /**
     * Measures.
     *
     * @param scratch where a folder can be, beside which narrow models are written; it is gone afterwards
     * @throws org.espalier.error.Failure if the context does not hold the tokens, or nothing may be narrowed
     */
    LatencyTable measure(OpenModel open, Rounding rounding, Path scratch) {
        new SpeedJob(engine, settings.speed()).requireRoom(open.model().config().maxPositions(), open.path());
        List<NarrowForms> forms = forms(open, rounding);
        List<Turns> turns = new ArrayList<>();
        engine.listener()
                .note("measuring %,d widths in turns with the whole model; each is written to %s and removed again"
                        .formatted(forms.size(), scratch.toAbsolutePath().getParent()));
        try (Progress progress = engine.listener().begin("latency", "widths", forms.size());
                Written whole = new Written(open, new Selection(open.model().structure()), beside(scratch, ".whole"))) {
            for (NarrowForms form : forms) {
                turns.add(turns(whole, new Written(open, form.selection(), beside(scratch, ".narrow"))));
                progress.advance(1);
            }
        }
        return table(open, forms, turns);
    }

    private static Path beside(Path scratch, String ending) {
        return scratch.resolveSibling(scratch.getFileName() + ending);
    }

    private List<NarrowForms> forms(OpenModel open, Rounding rounding) {
        ModelConfig config = open.model().config();
        List<Unit> units = settings.units().orElseGet(() -> new UsualUnits(config, layer -> true, layer -> true).all());
        Candidates candidates = Unit.candidates(units, BlockCriterion.POSITION);
        RoundWidths widths = new RoundWidths(config, rounding);
        return NarrowForms.of(open.model().structure(), candidates, widths::multiple, settings.levels());
    }

    /** A model that is written aside, open. */
    private final class Written implements AutoCloseable {

        private final Output folder;
        private final OpenModel model;

        Written(OpenModel source, Selection selection, Path scratch) {
            this.folder = Output.folder(scratch, true);
            try {
                ModelContent content = new Compactor(
                                source.checkpoint(), source.model().config(), selection, Conversion.plain(dtype))
                        .content();
                new SafetensorsFolder().writeInto(folder.path(), content);
                this.model = engine.open(folder.path());
            } catch (IOException e) {
                folder.close();
                throw WriteFailure.of(e, scratch);
            } catch (RuntimeException | Error e) {
                folder.close();
                throw e;
            }
        }

        @Override
        public void close() {
            try {
                model.close();
            } finally {
                folder.close();
            }
        }
    }

    private Turns turns(Written whole, Written narrow) {
        SpeedSettings speed = settings.speed();
        try (narrow;
                SpeedTurns turns = new SpeedTurns()) {
            for (Written one : List.of(whole, narrow)) {
                if (speed.prompt() > 0) {
                    turns.add("", "", Speed.reading(one.model.model(), speed.prompt(), speed.seed()));
                }
                if (speed.generate() > 0) {
                    turns.add("", "", Speed.writing(one.model.model(), speed.generate(), speed.seed()));
                }
            }
            List<Speeds> speeds = turns.measure(speed.warmUpSeconds(), speed.repetitions(), "latency", Listener.NONE);
            int tests = speeds.size() / 2;
            return new Turns(speeds.subList(0, tests), speeds.subList(tests, speeds.size()));
        }
    }

    private LatencyTable table(OpenModel open, List<NarrowForms> forms, List<Turns> turns) {
        Times whole = times(test -> microseconds(test, turns));
        List<LatencyTable.Group> groups = new ArrayList<>();
        int start = 0;
        while (start < forms.size()) {
            int end = start;
            NarrowForms first = forms.get(start);
            List<LatencyTable.Width> widths = new ArrayList<>();
            while (end < forms.size()
                    && forms.get(end).role() == first.role()
                    && forms.get(end).units() == first.units()) {
                widths.add(width(forms.get(end), turns.get(end), turns));
                end++;
            }
            groups.add(new LatencyTable.Group(
                    first.branch().toString(), ScoresFile.name(first.role()), first.units(), first.layers(), widths));
            start = end;
        }
        return new LatencyTable(
                LatencyTable.FORMAT_VERSION,
                new ScoresFile.Source(
                        Printable.recorded(open.path().getFileName().toString()),
                        open.checkpoint().sha256(),
                        open.parameters()),
                new LatencyTable.Machine(
                        open.backend().name(), Machine.cpu(), engine.compute().threads()),
                new LatencyTable.Protocol(
                        settings.speed().prompt(),
                        settings.speed().generate(),
                        settings.speed().repetitions(),
                        settings.speed().seed()),
                whole,
                groups);
    }

    /** Of what is read and what is written a number each, as far as they are asked for. */
    private Times times(IntToDoubleFunction ofTest) {
        boolean reads = settings.speed().prompt() > 0;
        boolean writes = settings.speed().generate() > 0;
        return new Times(reads ? ofTest.applyAsDouble(0) : null, writes ? ofTest.applyAsDouble(reads ? 1 : 0) : null);
    }

    /** What the whole model takes, of the prompt or of one token: the middle of all its turns. */
    private double microseconds(int test, List<Turns> turns) {
        List<Double> all = turns.stream()
                .flatMap(one -> one.whole.get(test).samples().stream())
                .toList();
        boolean prompt = settings.speed().prompt() > 0 && test == 0;
        return 1e6 * (prompt ? settings.speed().prompt() : 1) / new Speeds("", "", all).median();
    }

    /** What each layer of a form saves: by the middle one of the turns' ratios, of what the whole model takes. */
    private LatencyTable.Width width(NarrowForms form, Turns turns, List<Turns> all) {
        return new LatencyTable.Width(form.kept(), times(test -> {
            double faster = turns.form.get(test).over(turns.whole.get(test)).median();
            return microseconds(test, all) * (1 - 1 / faster) / form.layers();
        }));
    }
}
